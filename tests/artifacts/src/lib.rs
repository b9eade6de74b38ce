//! Guests built for tests.
