//! The keyferry server.

fn main() {}
