//! liblzf, the C library, in safe dress.
#![allow(dead_code, unreachable_pub, reason = "shared by a test and a benchmark")]
#![allow(unsafe_code, reason = "the library is in C")]

/// Makes `out` the stream of `text`, unless it would not be shorter by at least 4 bytes.
pub fn compress(text: &[u8], out: &mut Vec<u8>) -> bool {
    out.resize(text.len().saturating_sub(4), 0);
    let (text_len, out_len) = (text.len() as u32, out.len() as u32);
    // SAFETY: the pointers are of slices of these lengths.
    let len = unsafe {
        lzf_sys::lzf_compress(text.as_ptr().cast(), text_len, out.as_mut_ptr().cast(), out_len)
    };
    out.truncate(len as usize);
    len != 0
}

/// Makes `out` the plain bytes of `stream`, which must be `plain_len`.
pub fn decompress(stream: &[u8], plain_len: usize, out: &mut Vec<u8>) -> bool {
    out.resize(plain_len, 0);
    if stream.is_empty() {
        // It would read a first byte all the same.
        return plain_len == 0;
    }
    let (stream_len, out_len) = (stream.len() as u32, out.len() as u32);
    // SAFETY: the pointers are of slices of these lengths, and the stream is not empty.
    let len = unsafe {
        lzf_sys::lzf_decompress(
            stream.as_ptr().cast(),
            stream_len,
            out.as_mut_ptr().cast(),
            out_len,
        )
    };
    // 0 is an error, as there is no such stream.
    len != 0 && len as usize == plain_len
}
