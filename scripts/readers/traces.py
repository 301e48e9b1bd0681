"""A collector of traces for the test: takes OTLP over HTTP and decodes it with OpenTelemetry's own messages."""

import http.server
import threading

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Keeps every span that is sent to `url`; answers with `status`."""

    def __init__(self, status=200):
        self.spans = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Takes one request."""

            def do_POST(self):
                """Decodes it."""
                request = ExportTraceServiceRequest()
                request.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        collector.spans.extend(scope.spans)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
