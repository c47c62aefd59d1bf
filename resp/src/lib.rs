//! Resumable, zero-copy RESP for servers and clients.
