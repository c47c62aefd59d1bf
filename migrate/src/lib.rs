//! The engine that moves keys between live servers.
