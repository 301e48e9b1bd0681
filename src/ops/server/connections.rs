//! Accepts connections and ends them: a client that is slow, idle or many holds up nobody for long. Never knows what is
//! served.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio::time::timeout;

/// The bounds on clients.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionLimits {
    /// Connections open at a time; more wait in the system's queue.
    pub(super) connections_max: u32,
    /// Longest wait for the head of a request, the first and each later one.
    pub(super) head: Duration,
    /// Longest wait for the body of a request and for its answer.
    pub(super) request: Duration,
    /// Age at which a connection is ended after the request in progress; bounds a client that reads slowly.
    pub(super) age: Duration,
    /// How long a request in progress may go on after its connection, or the server, was asked to end.
    pub(super) goodbye: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections_max: 64,
            head: Duration::from_secs(10),
            request: Duration::from_secs(20),
            age: Duration::from_secs(60),
            goodbye: Duration::from_secs(2),
        }
    }
}

/// Serves `router` until `shutdown` ends; requests in progress then get `goodbye`.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let request_max = limits.request;
    let router = router.layer(from_fn(move |request, next| in_time(request_max, request, next)));
    let slots = Arc::new(Semaphore::new(limits.connections_max as usize));
    let (stop, stopped) = watch::channel(());
    let accepting = async {
        loop {
            // The semaphore is never closed.
            let slot = Arc::clone(&slots)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let stream = accept(&listener).await;
            let connection = connection(stream, router.clone(), limits, stopped.clone());
            tokio::spawn(async move {
                connection.await;
                drop(slot);
            });
        }
    };
    tokio::select! {
        ended = accepting => return ended,
        () = shutdown => {}
    }
    drop(stop);
    // An error says that requests are still open; they end with the runtime.
    let _ = timeout(limits.goodbye, slots.acquire_many(limits.connections_max)).await;
    Ok(())
}

/// The next connection. What fails is one client's trouble, or a lack of file handles that passes.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::debug!(%error, "a connection to the admin port could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: ConnectionLimits,
    mut stopped: watch::Receiver<()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // An error is the client's: gone, slow, or no HTTP.
        _ = connection.as_mut() => return,
        // An error says that the sender is gone, which is the sign.
        _ = stopped.changed() => {}
        () = sleep(limits.age) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits.goodbye, connection).await;
}

/// Answers 408 where body and answer take too long.
async fn in_time(most: Duration, request: Request, next: Next) -> Response {
    match timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, [("connection", "close")]).into_response(),
    }
}
