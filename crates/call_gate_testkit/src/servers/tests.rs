//! The servers do what tests will ask of them.

use super::*;
use std::fs;
use std::process::Command;
use std::time::SystemTime;

fn alive(id: &str) -> bool {
    Command::new("sh")
        .args(["-c", "kill -0 \"$0\" 2>/dev/null", id])
        .status()
        .unwrap()
        .success()
}

fn id_of(server: &Server) -> String {
    let info = server.command(&["INFO", "server"]).unwrap();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("process_id:"));
    line.unwrap().to_owned()
}

#[test]
fn a_server_lives_and_dies_with_its_test() {
    let server = Server::start(&[]);
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port()));
    assert_eq!(server.command(&["SET", "a b", "1\r\n2"]).unwrap(), "OK");
    assert_eq!(server.command(&["GET", "a b"]).unwrap(), "1\r\n2");
    assert_eq!(
        server.command(&["SET", "c", "1", "PX", "60000"]).unwrap(),
        "OK"
    );
    let keys = server.keys();
    assert_eq!(
        (keys[0].name.as_str(), keys[0].ttl, keys[1].name.as_str()),
        ("a b", None, "c")
    );
    assert!(
        keys[1]
            .ttl
            .is_some_and(|ttl| ttl <= Duration::from_secs(60))
    );
    assert!(
        server
            .command(&["NONSENSE"])
            .unwrap_err()
            .contains("NONSENSE")
    );
    let id = id_of(&server);
    server.kill();
    assert!(!alive(&id) && !server.is_up());
    assert!(Wire::connect(server.port()).is_err());
    server.restart();
    assert!(server.is_up());
    assert_eq!(
        server.command(&["GET", "a b"]).unwrap(),
        "",
        "it was in memory"
    );
    let (id, socket) = (id_of(&server), server.socket_url());
    let socket = socket.strip_prefix("redis+unix://").unwrap();
    assert!(fs::metadata(socket).is_ok());
    drop(server);
    assert!(!alive(&id) && fs::metadata(socket).is_err());
}

#[test]
fn a_server_keeps_what_it_is_told_to_keep() {
    let server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    server.command(&["SET", "a", "1"]).unwrap();
    server.restart();
    assert_eq!(server.command(&["GET", "a"]).unwrap(), "1");
}

#[test]
fn a_server_is_halted_and_kept_busy() {
    let server = Server::start(&[]);
    server.stop();
    let mut wire = Wire::connect(server.port()).unwrap();
    wire.patience(Duration::from_millis(100)).unwrap();
    assert!(wire.ask(&["PING"]).is_err(), "a halted server answers");
    assert!(!server.is_up());
    server.cont();
    assert_eq!(server.command(&["PING"]).unwrap(), "PONG");
    let started = Instant::now();
    server.keep_busy(Duration::from_millis(300));
    let busy = started.elapsed();
    until("it answers again", || server.command(&["PING"]).err());
    assert!(
        busy < Duration::from_millis(300),
        "it took {busy:?} to say it"
    );
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_server_with_a_password_is_still_ours() {
    let server = Server::start(&["--requirepass", "secret"]);
    assert_eq!(server.command(&["PING"]).unwrap(), "PONG");
    let refused = Wire::connect(server.port())
        .unwrap()
        .ask(&["PING"])
        .unwrap();
    assert!(
        matches!(&refused, Reply::Error(word) if word.starts_with("NOAUTH")),
        "{refused:?}"
    );
}

#[test]
fn a_server_speaks_tls() {
    let server = Server::with_tls(&[]);
    let address = server
        .tls_url()
        .strip_prefix("rediss://")
        .unwrap()
        .to_owned();
    let shaken = Command::new("openssl")
        .args([
            "s_client",
            "-verify_return_error",
            "-verify_ip",
            "127.0.0.1",
            "-connect",
            &address,
        ])
        .arg("-CAfile")
        .arg(server.ca())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&shaken.stdout).into_owned();
    assert!(told.contains("Verify return code: 0 (ok)"), "{told}");
}

#[test]
fn a_server_shows_the_time_it_is_told() {
    let server = Server::with_fake_time(&[]);
    // what the server shows lies between the host's times before and after the
    // question, however long either is held up; the slack is for rounding
    let shows = |server: &Server, seconds: f64| {
        let since_epoch = |at: SystemTime| {
            at.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs_f64()
        };
        let before = since_epoch(SystemTime::now());
        let shown = since_epoch(server.time()) - seconds;
        let after = since_epoch(SystemTime::now());
        assert!(
            shown >= before - 0.01 && shown <= after + 0.01,
            "told {seconds}: shows {shown}, asked from {before} to {after}"
        );
    };
    for seconds in [0.0, 3600.0, -7200.5, 0.25] {
        server.set_clock_offset(seconds);
        shows(&server, seconds);
    }
    // it runs, and does not jump when the server is started again
    server.set_clock_offset(100.0);
    let (real, before) = (Instant::now(), server.time());
    thread::sleep(Duration::from_millis(20));
    let (went, most) = (
        server.time().duration_since(before).unwrap(),
        real.elapsed(),
    );
    let slack = Duration::from_millis(1);
    assert!(
        went + slack >= Duration::from_millis(20) && went <= most + slack,
        "went {went:?} in {most:?}"
    );
    server.restart();
    shows(&server, 100.0);
}

#[test]
fn a_server_dies_with_a_process_that_is_killed() {
    const INSIDE: &str = "CALL_GATE_TESTKIT_KILLED";
    if let Ok(path) = std::env::var(INSIDE) {
        // the other process: tells its server's number and waits to be killed
        let server = Server::start(&[]);
        server.stop();
        let told = format!("{} {}", std::process::id(), child_of(&server));
        fs::write(format!("{path}.new"), told).unwrap();
        fs::rename(format!("{path}.new"), &path).unwrap();
        thread::sleep(PATIENCE);
        panic!("nobody killed this process");
    }
    let folder = folder::Folder::new();
    let path = folder.file("told");
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "servers::tests::a_server_dies_with_a_process_that_is_killed",
        ])
        .env(INSIDE, &path)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut told = String::new();
    until("the other process has a server", || {
        told = fs::read_to_string(&path).unwrap_or_default();
        told.is_empty().then(|| "nothing told".to_owned())
    });
    let (_, id) = told.split_once(' ').unwrap();
    assert!(alive(id));
    other.kill().unwrap();
    other.wait().unwrap();
    until("its server is gone", || {
        alive(id).then(|| format!("{id} lives"))
    });
}

fn child_of(server: &Server) -> String {
    server.cont();
    let id = id_of(server);
    server.stop();
    id
}

#[test]
fn a_cluster_moves_slots_and_survives_a_master() {
    let cluster = Cluster::start();
    assert_eq!(cluster.urls().len(), 6);
    for master in 0..3 {
        assert!(cluster.slots_of(master).len() >= 5_461);
        assert!(cluster.slots_of(master + 3).is_empty());
    }
    let (key, slot) = ("a{tag}", cluster.slot_of("tag"));
    assert_eq!(cluster.slot_of(key), slot);
    let first = cluster.master_of(key);
    assert_eq!(
        cluster.nodes()[first].command(&["SET", key, "7"]).unwrap(),
        "OK"
    );
    let second = (first + 1) % 3;
    let moved = cluster.nodes()[second].command(&["GET", key]).unwrap_err();
    assert!(moved.starts_with("MOVED"), "{moved}");
    cluster.start_move(slot, first, second);
    let asked = cluster.nodes()[first]
        .command(&["GET", "b{tag}"])
        .unwrap_err();
    assert!(asked.starts_with("ASK"), "{asked}");
    cluster.finish_move(slot, first, second);
    assert_eq!(cluster.master_of(key), second);
    assert_eq!(cluster.nodes()[second].command(&["GET", key]).unwrap(), "7");

    let slots = cluster.reshard(20);
    assert_eq!(slots.len(), 20);
    cluster.wait_until_whole();
    let second = cluster.master_of(key);

    assert_eq!(
        cluster.nodes()[second]
            .command(&["WAIT", "1", "10000"])
            .unwrap(),
        "1"
    );
    cluster.kill(second);
    let third = cluster.wait_for_failover(slot, second);
    assert!(third >= 3);
    assert_eq!(cluster.nodes()[third].command(&["GET", key]).unwrap(), "7");
    cluster.restart(second);
    cluster.wait_until_whole();
    assert_eq!(cluster.master_of(key), third);
}

#[test]
fn sentinels_name_another_master() {
    let sentinels = Sentinels::start();
    assert_eq!((sentinels.urls().len(), sentinels.master()), (3, 0));
    let first = &sentinels.servers()[0];
    first.command(&["SET", "a", "1"]).unwrap();
    assert_eq!(first.command(&["WAIT", "2", "10000"]).unwrap(), "2");
    let before = sentinels.kill_master();
    let after = sentinels.wait_for_failover(before);
    assert_ne!(after, 0);
    assert_eq!(
        sentinels.servers()[after].command(&["GET", "a"]).unwrap(),
        "1"
    );
    assert_eq!(
        sentinels.servers()[after]
            .command(&["SET", "a", "2"])
            .unwrap(),
        "OK"
    );
    sentinels.restart(before);
    until("the old master follows the new one", || {
        let role = sentinels.servers()[before]
            .command(&["ROLE"])
            .unwrap_or_default();
        (!role.starts_with("slave")).then_some(role)
    });
}
