//! Which arguments MONITOR and SLOWLOG do not show (rule M10): those that the command itself, read
//! from the left up to the first that is wrong, takes for secrets. That is how far Redis looks too.

use resp::Request;

use super::number::integer;
use super::{CommandId, client, is_name, migrate};

/// Arguments of a request for `command` that are secret.
pub(crate) fn secrets(command: CommandId, request: &Request) -> Vec<usize> {
    match &*command.full_name() {
        "auth" if request.len() <= 3 => (1..request.len()).collect(),
        "config|set" => config(request),
        "hello" => hello(request),
        "migrate" => migrate::secrets(request),
        _ => Vec::new(),
    }
}

/// The argument that is shown by its size when it is long.
pub(crate) fn payload(command: CommandId) -> Option<usize> {
    ["restore", "restore-asking"].contains(&&*command.full_name()).then_some(3)
}

fn config(request: &Request) -> Vec<usize> {
    if !request.len().is_multiple_of(2) {
        return Vec::new();
    }
    let values = (2..request.len())
        .step_by(2)
        .filter(|&name| SECRET_PARAMETERS.iter().any(|secret| is_name(secret, request.arg(name))));
    values.map(|name| name + 1).collect()
}

fn hello(request: &Request) -> Vec<usize> {
    let mut secrets = Vec::new();
    if !request.get(1).is_some_and(|version| matches!(integer(version), Ok(2 | 3))) {
        return secrets;
    }
    let mut index = 2;
    while let Some(word) = request.get(index) {
        let following = request.len() - index - 1;
        if is_name("AUTH", word) && following >= 2 {
            secrets.extend([index + 1, index + 2]);
            index += 3;
        } else if is_name("SETNAME", word)
            && following >= 1
            && client::connection_name(request.arg(index + 1)).is_ok()
        {
            index += 2;
        } else {
            break;
        }
    }
    secrets
}

/// Redis shows the last two.
const SECRET_PARAMETERS: &[&str] =
    &["requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"];
