//! What the benches share: the cases, the contestants and the check that all of them agree.
