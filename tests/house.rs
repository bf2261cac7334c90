//! Keeps the house: which module may import which.
