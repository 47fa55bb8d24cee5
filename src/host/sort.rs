//! Sorting with a closure. The language's own swallows what the closure throws, a request to stop included.

use rhai::{Array, Dynamic, FnPtr, Module, NativeCallContext};

use super::bridge::{self, RhaiResultOf};
use super::wording;
use crate::base::Error;

/// The functions of this file.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// Sorting that fails when the comparison does.
#[rhai::export_module]
#[expect(
    clippy::unwrap_used,
    reason = "the code that `export_module` makes for `&mut` parameters"
)]
pub mod api {
    /// Sorts an array in place, as a closure compares.
    ///
    /// # Parameters
    /// - `array`: what is sorted
    /// - `compare`: gives a number below, at or above 0, or whether the first comes first
    ///
    /// # Errors
    /// - `invalid`: the closure gives neither a number nor a bool
    /// - whatever the closure throws; the array stays as it was
    ///
    /// # Example
    /// ```
    /// let names = ["bob", "al"];
    /// names.sort(|a, b| a.len() - b.len());
    /// ensure(names == ["al", "bob"], "the shortest comes first");
    /// ```
    #[rhai_fn(name = "sort", name = "sort_by", return_raw)]
    pub fn sort(ctx: NativeCallContext, array: &mut Array, compare: FnPtr) -> RhaiResultOf<()> {
        *array = merge_sort(array, &mut |a, b| {
            let order: Dynamic = compare.call_within_context(&ctx, (a.clone(), b.clone()))?;
            match (order.as_int(), order.as_bool()) {
                (Ok(order), _) => Ok(order <= 0),
                (_, Ok(is_first)) => Ok(is_first),
                _ => {
                    let got = wording::a(&wording::plain(order.type_name()));
                    let message = format!("the comparison gave {got}, not a number or a bool");
                    Err(bridge::throw(&ctx, "sort", Error::invalid(message)))
                }
            }
        })?;
        Ok(())
    }
}

/// Stable, and right or merely unsorted whatever the comparison says: the standard library's may panic.
fn merge_sort(
    items: &[Dynamic],
    in_order: &mut impl FnMut(&Dynamic, &Dynamic) -> RhaiResultOf<bool>,
) -> RhaiResultOf<Array> {
    if items.len() < 2 {
        return Ok(items.to_vec());
    }
    let (left, right) = items.split_at(items.len() / 2);
    let mut left = merge_sort(left, in_order)?.into_iter().peekable();
    let mut right = merge_sort(right, in_order)?.into_iter().peekable();
    let mut sorted = Array::with_capacity(items.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if in_order(a, b)? {
            left.next()
        } else {
            right.next()
        };
        sorted.extend(next);
    }
    sorted.extend(left);
    sorted.extend(right);
    Ok(sorted)
}
