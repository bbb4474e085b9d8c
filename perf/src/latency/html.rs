//! One page that shows a run, or several beside one another: HTML and SVG in
//! one file, nothing from elsewhere, readable in light and in dark.

use std::fmt::Write;

use super::distribution::{Distribution, SAMPLES_BEYOND};
use super::timeline::Timeline;

/// One curve.
#[derive(Clone, Debug)]
pub struct Series<'run> {
    /// What it is called in the legend.
    pub name: String,
    /// Its colour: a hue from 0 to 360; grey where there is none.
    pub hue: Option<u32>,
    /// How it is drawn.
    pub stroke: Stroke,
    /// What is drawn.
    pub distribution: &'run Distribution,
    /// Its worst of every stretch, if that is drawn too.
    pub timeline: Option<&'run Timeline>,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// In one line.
    Solid,
    /// In dashes.
    Dashed,
    /// In dots.
    Dotted,
}

/// What a page shows.
#[derive(Clone, Debug, Default)]
pub struct Page<'run> {
    /// What it is about.
    pub title: String,
    /// What was run, and where, in one line each.
    pub facts: Vec<String>,
    /// Why the figures count for nothing, if they do not.
    pub invalid: Vec<String>,
    /// The plots, one below the other, all in one scale.
    pub plots: Vec<Plot<'run>>,
    /// The figures: the head, and a row each.
    pub table: (Vec<String>, Vec<Vec<String>>),
}

/// Curves in one frame.
#[derive(Clone, Debug, Default)]
pub struct Plot<'run> {
    /// What stands above it.
    pub title: String,
    /// The curves; those further down are drawn over those above.
    pub series: Vec<Series<'run>>,
}

impl<'run> Page<'run> {
    fn series(&self) -> impl Iterator<Item = &Series<'run>> {
        self.plots.iter().flat_map(|plot| &plot.series)
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--back:#fff;--text:#1c2024;--soft:#5b6570;--line:#dfe3e8;--l:42%;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--back:#15181c;--text:#e6e9ec;--soft:#9aa4ae;--line:#2c333a;--l:64%;--bad:#ff8a80}}\
body{background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.4rem;margin:0 0 .3rem}h2{font-size:1.05rem;margin:2rem 0 .3rem}\
p{margin:.1rem 0;color:var(--soft)}p.bad{color:var(--bad);font-weight:600}\
svg{width:100%;height:auto;display:block}\
svg text{fill:var(--soft);font:12px system-ui,sans-serif}\
.grid{stroke:var(--line);stroke-width:1}\
.curve{fill:none;stroke-width:1.8;stroke-linejoin:round}\
.end{fill:var(--back);stroke-width:1.8}\
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;margin:.4rem 0;font-size:.9rem}\
.legend svg{display:inline-block;width:26px;height:10px;vertical-align:middle;margin-right:.35rem}\
.scroll{overflow-x:auto}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem;width:100%}\
th,td{text-align:right;padding:.25rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}\
th{color:var(--soft);font-weight:500}th:first-child,td:first-child{text-align:left}";

/// The page, whole.
pub fn page(page: &Page<'_>) -> String {
    let mut html = String::new();
    let title = escaped(&page.title);
    // Writing to a string cannot fail.
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for fact in &page.facts {
        let _ = writeln!(html, "<p>{}</p>", escaped(fact));
    }
    for reason in &page.invalid {
        let _ = writeln!(html, "<p class=\"bad\">INVALID: {}</p>", escaped(reason));
    }
    if page.series().next().is_none() {
        html.push_str("<p>No run is valid: there is nothing to plot.</p>\n");
    } else {
        let frame = Frame::around(page.series());
        for plot in &page.plots {
            let _ = writeln!(html, "<h2>{}</h2>", escaped(&plot.title));
            frame.percentiles(&mut html, plot);
            legend(&mut html, &plot.series);
        }
        let _ = writeln!(
            html,
            "<p>Both axes are logarithmic. A curve ends where fewer than {SAMPLES_BEYOND} samples \
             lie beyond it; the circle is the longest of all.</p>"
        );
    }
    if page.series().any(|series| series.timeline.is_some()) {
        html.push_str("<h2>The worst of every moment</h2>\n");
        timeline(&mut html, page.series());
    }
    html.push_str("<h2>Figures</h2>\n");
    table(&mut html, &page.table);
    html.push_str("</body>\n</html>\n");
    html
}

/// The drawing area, in units of the view box.
const WIDTH: f64 = 1000.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 962.0;
const TOP: f64 = 12.0;

/// Below 10 ns there is only the clock's own grain: it lies on the bottom line.
const LEAST_DECADE: f64 = 1.0;

/// From values to heights, logarithmically.
struct Scale {
    least: f64,
    most: f64,
    bottom: f64,
}

impl Scale {
    /// Whole decades around all `values`, in nanoseconds.
    fn around(values: impl Iterator<Item = u64>, bottom: f64) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            let height = (value.max(1) as f64).log10();
            least = least.min(height);
            most = most.max(height);
        }
        if least > most {
            (least, most) = (2.0, 6.0);
        }
        Self {
            least: least.floor().max(LEAST_DECADE),
            most: most.ceil().max(least.floor().max(LEAST_DECADE) + 1.0),
            bottom,
        }
    }

    fn y(&self, nanos: u64) -> f64 {
        let share = ((nanos.max(1) as f64).log10() - self.least) / (self.most - self.least);
        self.bottom - share.max(0.0) * (self.bottom - TOP)
    }

    /// A line and a label for every decade.
    fn grid(&self, html: &mut String) {
        let mut decade = self.least as u32;
        while f64::from(decade) <= self.most {
            let nanos = 10u64.saturating_pow(decade);
            let y = self.y(nanos);
            let _ = writeln!(
                html,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                decade_name(nanos),
            );
            decade += 1;
        }
    }
}

fn decade_name(nanos: u64) -> String {
    match nanos {
        0..=999 => format!("{nanos} ns"),
        1_000..=999_999 => format!("{} us", nanos / 1_000),
        1_000_000..=999_999_999 => format!("{} ms", nanos / 1_000_000),
        _ => format!("{} s", nanos / 1_000_000_000),
    }
}

/// The points of a curve, as far as enough samples lie beyond them: how far out
/// on the way to all samples, and the value.
fn curve(distribution: &Distribution) -> Vec<(f64, u64)> {
    let total = distribution.samples();
    let mut seen = 0;
    let mut points = Vec::new();
    for step in distribution.histogram().iter_quantiles(8) {
        seen += step.count_since_last_iteration();
        if total - seen < SAMPLES_BEYOND {
            break;
        }
        // How many times rarer than everything.
        let rarity = total as f64 / (total - seen) as f64;
        points.push((rarity.log10(), step.value_iterated_to()));
    }
    points
}

/// What all plots of a page have in common: their axes.
struct Frame {
    /// How many nines the rarest sample is out.
    nines: f64,
    scale: Scale,
}

impl Frame {
    const BOTTOM: f64 = 380.0;

    fn around<'page, 'run: 'page>(series: impl Iterator<Item = &'page Series<'run>>) -> Self {
        let (mut samples, mut values) = (10, Vec::new());
        for series in series {
            samples = samples.max(series.distribution.samples());
            values.extend(curve(series.distribution).iter().map(|point| point.1));
            values.extend(series.distribution.max());
        }
        Self {
            nines: (samples as f64).log10(),
            scale: Scale::around(values.into_iter(), Self::BOTTOM),
        }
    }

    fn percentiles(&self, html: &mut String, plot: &Plot<'_>) {
        let x = |rarity: f64| LEFT + rarity / self.nines * (RIGHT - LEFT);
        let (scale, nines) = (&self.scale, self.nines);
        svg(html, Self::BOTTOM + 40.0, &escaped(&plot.title));
        scale.grid(html);
        let mut ticks = vec![(0.0, "0 %".to_owned()), (2f64.log10(), "50 %".to_owned())];
        ticks.extend((1..=nines.floor() as usize).map(|nine| {
            let name = match nine {
                1 => "90 %".to_owned(),
                2 => "99 %".to_owned(),
                nine => format!("99.{} %", "9".repeat(nine - 2)),
            };
            (nine as f64, name)
        }));
        for (rarity, name) in ticks {
            tick(html, x(rarity), Self::BOTTOM, &name);
        }
        let _ = writeln!(
            html,
            "<text x=\"{RIGHT}\" y=\"{:.0}\" text-anchor=\"end\">percentile</text>",
            Self::BOTTOM + 36.0
        );
        for series in &plot.series {
            let points: Vec<_> = curve(series.distribution)
                .into_iter()
                .map(|(rarity, value)| (x(rarity), scale.y(value)))
                .collect();
            draw(html, series, &points);
            if let Some(max) = series.distribution.max() {
                let rarity = (series.distribution.samples() as f64).log10();
                let _ = writeln!(
                    html,
                    "<circle class=\"end\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" stroke=\"{}\"/>",
                    x(rarity),
                    scale.y(max),
                    colour(series.hue),
                );
            }
        }
        html.push_str("</svg>\n");
    }
}

fn timeline<'page, 'run: 'page>(
    html: &mut String,
    series: impl Iterator<Item = &'page Series<'run>>,
) {
    const BOTTOM: f64 = 250.0;
    let lines: Vec<_> = series
        .filter_map(|series| Some((series, series.timeline?)))
        .collect();
    let seconds = lines
        .iter()
        .map(|(_, timeline)| timeline.seconds())
        .fold(1e-9, f64::max);
    let points = lines.iter().flat_map(|(_, timeline)| timeline.points());
    let scale = Scale::around(points.map(|point| point.1), BOTTOM);
    let x = |at: f64| LEFT + at / seconds * (RIGHT - LEFT);
    svg(html, BOTTOM + 40.0, "The worst of every moment");
    scale.grid(html);
    let step = tick_step(seconds);
    let mut at = 0.0;
    while at <= seconds * 1.000_001 {
        // As many digits as the step needs, and no -0.
        let digits = usize::try_from((-step.log10().floor()).max(0.0) as i64).unwrap_or(0);
        tick(html, x(at), BOTTOM, &format!("{at:.digits$} s"));
        at += step;
    }
    for (series, timeline) in lines {
        let points: Vec<_> = timeline
            .points()
            .map(|(at, value)| (x(at), scale.y(value)))
            .collect();
        draw(html, series, &points);
    }
    html.push_str("</svg>\n");
}

/// A round number of seconds that cuts the time in four to ten parts.
fn tick_step(seconds: f64) -> f64 {
    let decade = 10f64.powf((seconds / 10.0).log10().floor());
    let enough = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|step| seconds / (step * decade) <= 10.0);
    decade * enough.unwrap_or(10.0)
}

fn svg(html: &mut String, height: f64, label: &str) {
    let _ = writeln!(
        html,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\">"
    );
}

fn tick(html: &mut String, x: f64, bottom: f64, name: &str) {
    let _ = writeln!(
        html,
        "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
         <text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{name}</text>",
        bottom + 18.0
    );
}

fn draw(html: &mut String, series: &Series<'_>, points: &[(f64, f64)]) {
    if points.is_empty() {
        return;
    }
    let _ = write!(
        html,
        "<path class=\"curve\" stroke=\"{}\"{} d=\"",
        colour(series.hue),
        dashes(series.stroke)
    );
    for (number, (x, y)) in points.iter().enumerate() {
        let _ = write!(html, "{}{x:.1} {y:.1}", if number == 0 { 'M' } else { 'L' });
    }
    let _ = writeln!(html, "\"><title>{}</title></path>", escaped(&series.name));
}

fn legend(html: &mut String, series: &[Series<'_>]) {
    html.push_str("<ul class=\"legend\">\n");
    for series in series {
        let _ = writeln!(
            html,
            "<li><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path class=\"curve\" \
             stroke=\"{}\"{} d=\"M0 5L26 5\"/></svg>{}</li>",
            colour(series.hue),
            dashes(series.stroke),
            escaped(&series.name)
        );
    }
    html.push_str("</ul>\n");
}

fn table(html: &mut String, (head, rows): &(Vec<String>, Vec<Vec<String>>)) {
    let cells = |kind: &str, cells: &[String]| -> String {
        cells
            .iter()
            .map(|cell| format!("<{kind}>{}</{kind}>", escaped(cell)))
            .collect()
    };
    let _ = writeln!(
        html,
        "<div class=\"scroll\">\n<table>\n<tr>{}</tr>",
        cells("th", head)
    );
    for row in rows {
        let _ = writeln!(html, "<tr>{}</tr>", cells("td", row));
    }
    html.push_str("</table>\n</div>\n");
}

fn colour(hue: Option<u32>) -> String {
    match hue {
        Some(hue) => format!("hsl({hue} 70% var(--l))"),
        None => "var(--soft)".to_owned(),
    }
}

fn dashes(stroke: Stroke) -> &'static str {
    match stroke {
        Stroke::Solid => "",
        Stroke::Dashed => " stroke-dasharray=\"7 4\"",
        Stroke::Dotted => " stroke-dasharray=\"2 3\"",
    }
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::distribution::histogram;
    use super::super::span::Span;
    use super::*;
    use std::time::Duration;

    fn samples(count: u64) -> Distribution {
        let mut samples = histogram();
        for nanos in 1..=count {
            samples.record(nanos * 100).expect("in range");
        }
        Distribution::of(samples)
    }

    /// The tags of a page that are open at its end, or what closes wrongly.
    fn unbalanced(html: &str) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        for tag in html.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("every tag is closed");
            assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
            let name = tag.split([' ', '/']).find(|part| !part.is_empty());
            let name = name.expect("every tag has a name").to_owned();
            if tag.starts_with('/') {
                assert_eq!(open.pop().as_deref(), Some(name.as_str()));
            } else if !tag.starts_with('!') && !tag.ends_with('/') && name != "meta" {
                open.push(name);
            }
        }
        open
    }

    #[test]
    fn a_page_is_whole_and_needs_nothing_from_elsewhere() {
        let (many, none) = (samples(100_000), samples(0));
        let span = Span::new(
            Duration::ZERO,
            Duration::from_millis(200),
            Duration::from_millis(10),
        );
        let mut worst = Timeline::new(span);
        worst.note(span.measured_from_ns, 5_000);
        let series = |name: &str, distribution, timeline| Series {
            name: name.to_owned(),
            hue: Some(210),
            stroke: Stroke::Dashed,
            distribution,
            timeline,
        };
        let html = page(&Page {
            title: "latency <of> \"it\" & more".to_owned(),
            facts: vec!["a < b".to_owned()],
            invalid: vec!["5 > 4".to_owned()],
            plots: vec![
                Plot {
                    title: "one & two".to_owned(),
                    series: vec![series("record & window", &many, Some(&worst))],
                },
                Plot {
                    title: "none".to_owned(),
                    series: vec![series("nothing", &none, None)],
                },
            ],
            table: (
                vec!["what".to_owned(), "p50".to_owned()],
                vec![vec!["record".to_owned(), "1 us".to_owned()]],
            ),
        });
        assert_eq!(unbalanced(&html), [""; 0]);
        assert!(html.contains("latency &lt;of&gt; &quot;it&quot; &amp; more"));
        assert!(html.contains("INVALID: 5 &gt; 4"));
        for elsewhere in ["http", "src=", "href=", "@import", "url("] {
            assert!(!html.contains(elsewhere), "{elsewhere}");
        }
        assert_eq!(html.matches("<path class=\"curve\"").count(), 4);
        assert!(html.contains("prefers-color-scheme:dark"));
        assert!(!html.contains("NaN") && !html.contains("inf"));
    }

    #[test]
    fn a_curve_ends_where_ten_samples_lie_beyond_it() {
        let points = curve(&samples(100_000));
        let (rarity, value) = *points.last().expect("there are points");
        // A bin of these values holds about 80 samples.
        assert!(rarity <= 4.0 && rarity > 3.0, "{rarity}");
        assert!(value < 10_000_000);
        assert!(curve(&samples(9)).is_empty());
    }

    #[test]
    fn ticks_are_round_and_few() {
        for (seconds, step) in [(10.0, 1.0), (0.2, 0.02), (60.0, 10.0), (3_600.0, 500.0)] {
            assert!((tick_step(seconds) / step - 1.0).abs() < 1e-9, "{seconds}");
        }
    }
}
