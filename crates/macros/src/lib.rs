//! The attributes of `portcullis-guest-sdk`.
