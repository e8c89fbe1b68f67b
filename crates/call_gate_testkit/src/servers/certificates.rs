//! Certificates for one test, made by `openssl`.

use super::folder::Folder;
use std::fs;
use std::process::{Command, Stdio};

/// Makes `ca.crt`, and `server.crt` with `server.key` for 127.0.0.1 and localhost, signed by it.
pub(super) fn make(folder: &Folder) {
    let names = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n";
    fs::write(folder.file("names"), names).expect("a file can be written");
    openssl(
        folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=call_gate-test-ca \
         -addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out ca.crt",
    );
    openssl(
        folder,
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key \
         -out server.csr",
    );
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
}

fn openssl(folder: &Folder, words: &str) {
    let made = Command::new("openssl")
        .args(words.split_whitespace())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| {
            panic!("no openssl to make certificates with ({error}); install the package openssl")
        });
    assert!(
        made.status.success(),
        "openssl {words}: {}",
        String::from_utf8_lossy(&made.stderr)
    );
}
