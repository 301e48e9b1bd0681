//! The admin server: metrics, health, status and the live page on one port. Never shows article bodies or secrets
//! that `Status` does not hold, and never waits for the flow.

mod connections;
mod own_page;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
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
use crate::ops::status::Status;

/// Largest article that can be pasted, in bytes.
const PASTE_BYTES_MAX: usize = 256 * 1024;
/// Pasted articles worked on at a time.
const PASTES_MAX: usize = 2;

const JSON: &str = "application/json";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

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
}

#[derive(Clone)]
struct App {
    admin: AdminState,
    pastes: Arc<Semaphore>,
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

fn router(admin: AdminState) -> Router {
    let asset = |kind: &'static str, text: &'static str| get(move || async move { typed(kind, text) });
    Router::new()
        .route(
            "/",
            asset("text/html; charset=utf-8", include_str!("page/index.html")),
        )
        .route(
            "/style.css",
            asset("text/css; charset=utf-8", include_str!("page/style.css")),
        )
        .route(
            "/app.js",
            asset("text/javascript; charset=utf-8", include_str!("page/app.js")),
        )
        .route("/icon.svg", asset("image/svg+xml", include_str!("page/icon.svg")))
        .route(
            "/metrics",
            get(async |State(app): State<App>| typed(METRICS, app.admin.metrics.render())),
        )
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .route("/recent", get(recent))
        .route("/enrich", post(enrich))
        .layer(DefaultBodyLimit::max(PASTE_BYTES_MAX))
        .layer(map_response(secure))
        .with_state(App {
            admin,
            pastes: Arc::new(Semaphore::new(PASTES_MAX)),
        })
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
    const POLICY: &str =
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
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
