//! TLS: which cryptography, and whose certificates.

use redis::RedisError;
use rustls::{AlertDescription, Error as TlsError};
use std::error::Error;
use std::io;
use std::sync::{Arc, Once};

/// Makes `ring` this process's cryptography, unless the process has chosen: rustls panics where it cannot tell which of
/// the ones it was built with is meant.
pub(super) fn provide() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // an error only says that another thread was faster
            drop(rustls::crypto::ring::default_provider().install_default());
        }
    });
}

/// Whether one side did not accept who the other is.
pub(super) fn is_refused_certificate(error: &RedisError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = tls_error(error) {
            return is_refusal(error);
        }
        next = match error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
            // the library hands out the shared pointer in place of what it points to
            Some(shared) => match tls_error(&**shared) {
                Some(error) => return is_refusal(error),
                None => shared.source(),
            },
            None => error.source(),
        };
    }
    false
}

fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e TlsError> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref()?.downcast_ref(),
        None => error.downcast_ref(),
    }
}

fn is_refusal(error: &TlsError) -> bool {
    match error {
        TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented => true,
        TlsError::AlertReceived(alert) => matches!(
            alert,
            AlertDescription::NoCertificate
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
                | AlertDescription::HandshakeFailure
                | AlertDescription::CertificateRequired
        ),
        _ => false,
    }
}
