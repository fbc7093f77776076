//! Two captures, each a report and a tally made by hand.
