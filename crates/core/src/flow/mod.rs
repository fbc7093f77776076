//! Which connection a packet belongs to: the key, the live table, twins, eviction by capture time.
