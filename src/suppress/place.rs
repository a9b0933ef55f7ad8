//! Where a new exception goes.
