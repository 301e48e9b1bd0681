// A real OpenSearch of one node for the test of its sink: DIRECTORY and PORT; ends with its process.

import java.util.concurrent.CountDownLatch;
import org.codelibs.opensearch.runner.OpenSearchRunner;

public final class Node {
    public static void main(String[] arguments) throws Exception {
        new OpenSearchRunner()
            .onBuild((number, settings) -> {
                settings.put("discovery.type", "single-node");
                settings.put("http.port", arguments[1]);
                settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
            })
            .build(OpenSearchRunner.newConfigs().basePath(arguments[0]).numOfNode(1).disableESLogger());
        new CountDownLatch(1).await();
    }
}
