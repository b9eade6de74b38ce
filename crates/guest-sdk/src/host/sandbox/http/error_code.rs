//! What WASI says about a request that failed, in the SDK's words. Its two versions have the same codes.

use crate::http::Error;
#[cfg(feature = "sync")]
use wasip2::http::types::{ErrorCode as Code, HeaderError};
#[cfg(not(feature = "sync"))]
use wasip3::http::types::{ErrorCode as Code, HeaderError};

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        let reason = format!("{code:?}");
        match code {
            Code::HttpRequestDenied => Self::Denied,
            Code::ConnectionLimitReached | Code::HttpRequestBodySize(_) => Self::QuotaExceeded,
            Code::HttpRequestMethodInvalid
            | Code::HttpRequestUriInvalid
            | Code::HttpRequestUriTooLong
            | Code::HttpRequestLengthRequired
            | Code::HttpRequestHeaderSectionSize(_)
            | Code::HttpRequestHeaderSize(_)
            | Code::HttpRequestTrailerSectionSize(_)
            | Code::HttpRequestTrailerSize(_) => Self::Invalid { reason },
            Code::DnsTimeout
            | Code::ConnectionTimeout
            | Code::ConnectionReadTimeout
            | Code::ConnectionWriteTimeout
            | Code::HttpResponseTimeout => Self::Timeout { reason },
            Code::HttpResponseHeaderSectionSize(_)
            | Code::HttpResponseHeaderSize(_)
            | Code::HttpResponseBodySize(_)
            | Code::HttpResponseTrailerSectionSize(_)
            | Code::HttpResponseTrailerSize(_) => Self::TooLarge { reason },
            Code::HttpResponseIncomplete
            | Code::HttpResponseTransferCoding(_)
            | Code::HttpResponseContentCoding(_)
            | Code::HttpUpgradeFailed
            | Code::HttpProtocolError
            | Code::LoopDetected => Self::Protocol { reason },
            Code::InternalError(Some(message)) => Self::Unavailable { reason: message },
            Code::DnsError(_)
            | Code::DestinationNotFound
            | Code::DestinationUnavailable
            | Code::DestinationIpProhibited
            | Code::DestinationIpUnroutable
            | Code::ConnectionRefused
            | Code::ConnectionTerminated
            | Code::TlsProtocolError
            | Code::TlsCertificateError
            | Code::TlsAlertReceived(_)
            | Code::ConfigurationError
            | Code::InternalError(None) => Self::Unavailable { reason },
        }
    }
}

/// What the host says of headers that it does not take.
pub(super) fn refused_headers(error: HeaderError) -> Error {
    let reason = match error {
        HeaderError::Forbidden => "it has a header that only the host may set".to_owned(),
        error => format!("its headers are refused: {error:?}"),
    };
    Error::Invalid { reason }
}

/// What the host does not take of a request's line.
pub(super) fn refused_part(part: &str) -> Error {
    Error::Invalid {
        reason: format!("the host does not take its {part}"),
    }
}
