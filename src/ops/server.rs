//! The admin server: metrics, health, status and the live page on one port. Never shows article bodies or secrets
//! that `Status` does not hold, and never waits for the flow.

mod connections;
mod own_page;
mod pace;
mod token;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::middleware::Next;
use axum::middleware::from_fn_with_state;
use axum::middleware::map_response;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::metrics::Metrics;
use crate::ops::server::connections::ConnectionLimits;
use crate::ops::server::own_page::is_own;
use crate::ops::server::pace::Pace;
use crate::ops::status::Status;

pub use token::Token;

/// Largest article that can be pasted, in bytes.
const PASTE_BYTES_MAX: usize = 256 * 1024;
/// Pasted articles worked on at a time.
const PASTES_MAX: usize = 2;
/// Pasted articles that are taken at once; after them one in each interval, so that the worker keeps its cores.
const PASTES_AT_ONCE: u32 = 30;
const PASTE_INTERVAL: Duration = Duration::from_secs(1);

const JSON: &str = "application/json";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The live page's files: path, type, text.
const PAGE: [(&str, &str, &str); 8] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    (
        "/style.css",
        "text/css; charset=utf-8",
        include_str!("page/style.css"),
    ),
    ("/app.js", SCRIPT, include_str!("page/app.js")),
    ("/articles.js", SCRIPT, include_str!("page/articles.js")),
    ("/common.js", SCRIPT, include_str!("page/common.js")),
    ("/published.js", SCRIPT, include_str!("page/published.js")),
    ("/worker.js", SCRIPT, include_str!("page/worker.js")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

/// What makes a record of a pasted article: payload and content type in, record JSON or "code: message" out.
pub type Enrich = Arc<dyn Fn(Vec<u8>, Option<String>) -> Result<String, String> + Send + Sync>;

/// What the admin server shows.
#[derive(Clone)]
pub struct AdminState {
    /// Metrics.
    pub metrics: Metrics,
    /// Status.
    pub status: Arc<Status>,
    /// The paste box.
    pub enrich: Enrich,
    /// Names of this host, beside its addresses, under which the page may show and take articles.
    pub host_names: Arc<[String]>,
    /// What a request must bring to read figures or articles; without one all may.
    pub token: Option<Token>,
}

#[derive(Clone)]
struct App {
    admin: AdminState,
    pastes: Arc<Semaphore>,
    pace: Arc<Mutex<Pace>>,
}

/// Serves until `shutdown` ends; requests that are open then get two seconds more.
pub async fn serve(
    listener: TcpListener,
    app: AdminState,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let sampled = app.clone();
    tokio::select! {
        ended = connections::serve(listener, router(app), ConnectionLimits::default(), shutdown) => ended,
        () = sample(&sampled) => Ok(()),
    }
}

/// Reads the counters once a second, for rates and curves.
async fn sample(app: &AdminState) {
    let mut last = Instant::now();
    loop {
        let now = Instant::now();
        app.status
            .sample(&app.metrics, now.duration_since(last).as_secs_f64());
        last = now;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Probes and the page itself are open, since the page asks for the token; what it then reads and sends is not.
fn router(admin: AdminState) -> Router {
    let app = App {
        admin,
        pastes: Arc::new(Semaphore::new(PASTES_MAX)),
        pace: Arc::new(Mutex::new(Pace::new(
            PASTES_AT_ONCE,
            PASTE_INTERVAL,
            Instant::now(),
        ))),
    };
    let guarded = Router::new()
        .route(
            "/metrics",
            get(async |State(app): State<App>| typed(METRICS, app.admin.metrics.render())),
        )
        .route("/status", get(status))
        .route("/recent", get(recent))
        .route("/enrich", post(enrich))
        .route_layer(from_fn_with_state(app.clone(), with_token));
    PAGE.into_iter()
        .fold(Router::new(), |router, (path, kind, text)| {
            router.route(path, get(move || async move { typed(kind, text) }))
        })
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .merge(guarded)
        .layer(DefaultBodyLimit::max(PASTE_BYTES_MAX))
        .layer(map_response(secure))
        .with_state(app)
}

/// Turns away who brings no token, or another, where one is asked for.
async fn with_token(State(app): State<App>, request: Request, next: Next) -> Response {
    if app
        .admin
        .token
        .is_none_or(|token| token.admits(request.headers()))
    {
        return next.run(request).await;
    }
    let mut refused = error(
        StatusCode::UNAUTHORIZED,
        "the token of admin.token_file is asked for: Authorization: Bearer <token>",
    );
    refused
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    refused
}

fn typed(kind: &'static str, body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn error(code: StatusCode, message: &str) -> Response {
    (code, typed(JSON, json!({ "error": message }).to_string())).into_response()
}

/// What holds or takes article texts is for our own page alone.
fn elsewhere() -> Response {
    error(
        StatusCode::FORBIDDEN,
        "only this page may ask, opened by an address, as localhost, or by a name in admin.host_names",
    )
}

async fn secure(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                          connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn livez(State(app): State<App>) -> Response {
    let now = Instant::now();
    let live = app.admin.status.is_live(now);
    let code = if live {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let since = app.admin.status.since_turn(now).as_secs_f64();
    (
        code,
        typed(
            JSON,
            json!({ "live": live, "loop_turned_s_ago": since }).to_string(),
        ),
    )
        .into_response()
}

async fn readyz(State(app): State<App>) -> Response {
    let readiness = app.admin.status.readiness();
    let ready = readiness.is_ready();
    let code = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "ready": ready,
        "in_group": readiness.in_group,
        "output_reachable": readiness.output_reachable,
    });
    (code, typed(JSON, body.to_string())).into_response()
}

async fn status(State(app): State<App>) -> Response {
    match app.admin.status.json(&app.admin.metrics, Instant::now()) {
        Ok(json) => typed(JSON, json),
        Err(_) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the status cannot be written as JSON",
        ),
    }
}

async fn recent(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Response {
    if !is_own(&headers, &app.admin.host_names) {
        return elsewhere();
    }
    let since = uri
        .query()
        .and_then(|query| query.strip_prefix("since="))
        .map_or(Ok(0), str::parse);
    match since {
        Ok(since) => typed(JSON, app.admin.status.recent_json(since)),
        Err(_) => error(StatusCode::BAD_REQUEST, "since must be a number"),
    }
}

async fn enrich(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_own(&headers, &app.admin.host_names) {
        return elsewhere();
    }
    let Ok(permit) = app.pastes.clone().try_acquire_owned() else {
        return error(StatusCode::SERVICE_UNAVAILABLE, "busy: try again in a moment");
    };
    let may = app
        .pace
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take(Instant::now());
    if !may {
        return error(
            StatusCode::TOO_MANY_REQUESTS,
            "too often: one article a second is taken",
        );
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let run = app.admin.enrich.clone();
    let work = tokio::task::spawn_blocking(move || {
        let outcome = run(body.to_vec(), kind);
        drop(permit);
        outcome
    });
    match work.await {
        Ok(Ok(record)) => typed(JSON, record),
        Ok(Err(rejection)) => error(StatusCode::UNPROCESSABLE_ENTITY, &rejection),
        Err(_) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "panicked: enriching this article failed",
        ),
    }
}

#[cfg(test)]
mod tests;
