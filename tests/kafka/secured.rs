//! A broker with every kind of lock on its doors: certificates, users, tokens, rights. It ends with the test process.
//! The rights are given by the very commands that README.md lists.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::SystemTime;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::date_time_ymd;

use super::cluster::create_at;

pub const INPUT: &str = "articles.raw";
pub const OUTPUT: &str = "articles.enriched";
pub const DEAD: &str = "articles.dead";
pub const PASSWORD: &str = "correct horse battery";
const README: &str = include_str!("../../README.md");

/// Who may not do what: the user, and a word of the command in README.md that he is left out of.
const USERS: [(&str, &str); 4] = [
    ("dateline", "(left out of nothing)"),
    ("writeless", "--operation Write --operation DescribeConfigs"),
    ("groupless", "--group"),
    ("idless", "--transactional-id"),
];

/// The doors of the broker, by the names of their listeners.
pub struct Secured {
    pub directory: PathBuf,
    ports: Vec<(&'static str, u16)>,
    _script: Child,
}

impl Secured {
    pub fn start() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("secured");
        fs::create_dir_all(&directory).unwrap();
        make_certificates(&directory);
        let names = [
            "OPEN",
            "CONTROLLER",
            "TLS",
            "MUTUAL",
            "LOGIN",
            "EXPIRED",
            "MISNAMED",
        ];
        let ports: Vec<_> = names.into_iter().zip(free_ports(names.len())).collect();
        let mut script = Command::new(script());
        let properties = directory.join("server.properties");
        script.arg("serve").arg(&properties);
        for (user, _) in USERS {
            let scram = format!("SCRAM-SHA-512=[name={user},password={PASSWORD}]");
            script.args(["--add-scram", &scram]);
        }
        fs::write(&properties, settings(&directory, &ports)).unwrap();
        let mut script = script
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(script.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n", "the secured broker did not start");
        let secured = Self {
            directory,
            ports,
            _script: script,
        };
        for topic in [INPUT, OUTPUT, DEAD] {
            create_at(&secured.address("OPEN"), topic, 1, &[("retention.ms", "-1")]);
        }
        secured.give_rights();
        secured
    }

    pub fn address(&self, listener: &str) -> String {
        let (_, port) = self.ports.iter().find(|(name, _)| *name == listener).unwrap();
        format!("127.0.0.1:{port}")
    }

    /// The path of one of the files that were made.
    pub fn file(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// Runs Kafka's own tool for rights.
    pub fn acls(&self, arguments: &[&str]) {
        let status = Command::new(script())
            .env("KAFKA_BOOTSTRAP", self.address("OPEN"))
            .args(["tool", "acls"])
            .args(arguments)
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success());
    }

    fn give_rights(&self) {
        let commands: Vec<_> = README
            .lines()
            .filter_map(|line| line.strip_prefix("$acls "))
            .collect();
        assert_eq!(
            commands.len(),
            4,
            "README.md lists the commands that give the rights"
        );
        let seen = format!("--operation Describe --topic {OUTPUT}");
        let given: Vec<Child> = commands
            .into_iter()
            .chain([seen.as_str()])
            .map(|command| {
                let mut tool = Command::new(script());
                tool.env("KAFKA_BOOTSTRAP", self.address("OPEN"));
                tool.args(["tool", "acls", "--add"])
                    .args(command.split_whitespace());
                for (user, _) in USERS.iter().filter(|(_, without)| !command.contains(without)) {
                    tool.args(["--allow-principal", &format!("User:{user}")]);
                }
                tool.stdout(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut tool in given {
            assert!(tool.wait().unwrap().success());
        }
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka.sh")
}

fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<_> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    held.iter()
        .map(|port| port.local_addr().unwrap().port())
        .collect()
}

/// What Kafka's own principal is on the open listener is a super user: only this test can reach it.
fn settings(directory: &Path, ports: &[(&str, u16)]) -> String {
    let listeners: Vec<_> = ports
        .iter()
        .map(|(name, port)| format!("{name}://127.0.0.1:{port}"))
        .collect();
    let advertised: Vec<_> = listeners
        .iter()
        .filter(|l| !l.starts_with("CONTROLLER"))
        .cloned()
        .collect();
    let users: String = USERS
        .map(|(user, _)| format!(" user_{user}=\"{PASSWORD}\""))
        .concat();
    let (directory, modules) = (directory.display(), "org.apache.kafka.common.security");
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=OPEN
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map=OPEN:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,MUTUAL:SSL,LOGIN:SASL_SSL,EXPIRED:SSL,MISNAMED:SSL
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
ssl.keystore.type=PEM
ssl.keystore.location={directory}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={directory}/ca.pem
listener.name.mutual.ssl.client.auth=required
listener.name.mutual.ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/
listener.name.expired.ssl.keystore.location={directory}/expired.pem
listener.name.misnamed.ssl.keystore.location={directory}/misnamed.pem
listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
listener.name.login.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required{users};
listener.name.login.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;
listener.name.login.oauthbearer.sasl.jaas.config={modules}.oauthbearer.OAuthBearerLoginModule required \\
  unsecuredLoginStringClaim_sub=\"broker\";
",
        controller = listeners[1].trim_start_matches("CONTROLLER://"),
        listeners = listeners.join(","),
        advertised = advertised.join(","),
    )
}

/// An authority, what it signed, and a stranger's certificate.
fn make_certificates(directory: &Path) {
    let write = |name: &str, text: String| fs::write(directory.join(name), text).unwrap();
    let authority = |name: &str| {
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (Issuer::new(params, key), pem)
    };
    let (ca, ca_pem) = authority("Authority of the test");
    write("ca.pem", ca_pem);
    write("stranger.pem", authority("Stranger").1);
    let mut expired = named("expired", &["127.0.0.1"]);
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    for (name, params) in [
        ("broker", named("broker", &["127.0.0.1"])),
        ("expired", expired),
        ("misnamed", named("misnamed", &["kafka.example"])),
        ("worker", named("dateline", &[])),
    ] {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap().pem();
        write(&format!("{name}.key"), key.serialize_pem());
        write(&format!("{name}.crt"), certificate.clone());
        write(&format!("{name}.pem"), key.serialize_pem() + &certificate);
    }
}

fn named(common_name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// A token endpoint that gives every caller the same answer; its address.
pub fn token_endpoint(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
            while !String::from_utf8_lossy(&request).contains("grant_type") {
                match stream.read(&mut buffer).unwrap() {
                    0 => break,
                    read => request.extend_from_slice(&buffer[..read]),
                }
            }
            let length = body.len();
            drop(write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            ));
        }
    });
    url
}

/// The answer of an identity provider: an unsigned token, which the broker's validator for tests takes.
pub fn token(subject: &str, lives_s: i64) -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let now = i64::try_from(now).unwrap();
    let claims = serde_json::json!({ "sub": subject, "iat": now - 3600, "exp": now + lives_s });
    let token = format!(
        "{}.{}.",
        base64url(br#"{"alg":"none"}"#),
        base64url(claims.to_string().as_bytes())
    );
    serde_json::json!({ "access_token": token, "token_type": "bearer", "expires_in": 3600 }).to_string()
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0, |word, byte| word << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[word >> (18 - 6 * place) & 63]));
        }
    }
    text
}
