//! Where records go.
//!
//! A [`Sink`] takes the records of a whole stream, gathered into one instance; it
//! never waits, and it is told how the stream ended.
//!
//! | to | is |
//! |---|---|
//! | a function, a list, one value | [`ForEach`], [`collected`], [`folded`] |
//! | a file or standard output | [`Lines`], [`Csv`], [`JsonLines`] |
//! | sockets | [`TcpLines`], [`UdpLines`] |
//! | another thread | [`output`] |

mod collect;
mod fold_all;
mod for_each;
mod operator;
mod output;
mod retrying;

mod text_file;

mod csv;
mod json_lines;
mod lines;

mod tcp_lines;
mod udp_lines;

pub use self::csv::Csv;
pub use collect::{collected, Collect, Collected};
pub use fold_all::{folded, FoldAll, Folded};
pub use for_each::ForEach;
pub use json_lines::JsonLines;
pub use lines::Lines;
pub use operator::{write_to, Ending, Sink, SinkContext, SinkError};
pub use output::{output, Output, ReceiveError, TryReceiveError};
pub use retrying::RetryingSink;
pub use tcp_lines::TcpLines;
pub use udp_lines::UdpLines;
