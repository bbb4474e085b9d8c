//! What could be read and what could not, driven in every hostile way: each output
//! hears its part and every signal, whatever the other one does.

use fluxus_core::operator::WellFormed;
use fluxus_core::source::Head;
use fluxus_core::testing::{
    cut_off, drives, each, hasty_drives, hear, holds, sample, Drive, Mood, Said, PATIENT,
};
use fluxus_core::{run_local, Measure, Name, Plan};

type Read = Result<i64, String>;

/// What the script brings: every third number is none.
fn script() -> Vec<Said<Read>> {
    let read = |n: i64| match n % 3 {
        1 => Err(format!("no number: {n}")),
        _ => Ok(n),
    };
    each(&sample(), |n| vec![read(n)])
}

fn name() -> Name {
    Name::new("under test")
}

#[test]
fn what_could_not_be_read_is_left_out() {
    let expected = each(&script(), |read| read.into_iter().collect());
    holds("well formed", &expected, &script(), |head| {
        WellFormed::new(name(), head)
    });
}

#[test]
fn both_outputs_hear_their_part_whatever_the_other_does() {
    let rows = each(&script(), |read| read.into_iter().collect::<Vec<_>>());
    let malformed = each(&script(), |read| read.err().into_iter().collect::<Vec<_>>());
    let moods: Vec<Mood> = PATIENT
        .into_iter()
        .chain([Mood::Wants(2), Mood::WantsSlowly(1)])
        .collect();
    let ways: Vec<Drive> = drives().into_iter().chain(hasty_drives(3)).collect();
    for drive in ways {
        for &mood in &moods {
            let mut plan = Plan::new("hostile", drive.config().conclude().unwrap());
            let source = drive.script(&script());
            let head = Head::<_, true>::new(&mut plan, Name::new("script"), vec![source]).unwrap();
            let mut chain = WellFormed::new(name(), head);
            let side = chain.malformed(&mut plan, Name::new("malformed")).unwrap();
            let main = hear(&mut plan, &Name::new("rows heard"), chain, drive.mood).unwrap();
            let side = hear(&mut plan, &Name::new("malformed heard"), side, mood).unwrap();
            let report = run_local(plan).unwrap();
            let wanted = |mood| match mood {
                Mood::Wants(wanted) | Mood::WantsSlowly(wanted) => wanted,
                _ => 0,
            };
            let context = format!("{drive:?}, {mood:?}");
            let expected = match wanted(drive.mood) {
                0 => rows.clone(),
                wanted => cut_off(&rows, wanted),
            };
            assert_eq!(main.take(), [expected], "rows, {context}");
            let heard = side.take();
            let heard: Vec<_> = heard[0].iter().filter(|line| line.is_record()).collect();
            let all: Vec<_> = malformed.iter().filter(|line| line.is_record()).collect();
            let counted = report.of("under test", Measure::Malformed) as usize;
            match (wanted(drive.mood), wanted(mood)) {
                (0, 0) => assert_eq!(heard, all, "{context}"),
                // It ended with the rows, or with what was wanted of it.
                (0, wanted) => assert_eq!(heard, all[..wanted], "{context}"),
                (_, 0) => assert_eq!(heard, all[..counted], "{context}"),
                (_, wanted) => assert_eq!(heard, all[..counted.min(wanted)], "{context}"),
            }
            if wanted(drive.mood) == 0 {
                assert_eq!(counted, all.len(), "{context}");
            }
        }
    }
}
