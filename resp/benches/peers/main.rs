//! This crate beside other RESP parsers: the same input, the same run.

mod measure;
mod replies;
mod requests;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .without_plots()
        .configure_from_args();
    requests::pipeline(&mut criterion);
    requests::byte_by_byte(&mut criterion);
    requests::big_bulk(&mut criterion);
    requests::encode(&mut criterion);
    replies::flat_array(&mut criterion);
    replies::nested_maps(&mut criterion);
    criterion.final_summary();
}
