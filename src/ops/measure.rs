//! How much a call has moved, for whoever watches or keeps a record of it.

/// Notes the number of bytes on the span of the call that is being done; nothing happens when nobody watches.
pub(crate) fn bytes(count: u64) {
    tracing::Span::current().record("bytes", count);
}
