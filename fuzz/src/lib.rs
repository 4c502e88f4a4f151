//! One property per function.
