#!/usr/bin/env bash
# Runs fuzz targets for some seconds each, from the seeds: run.sh SECONDS [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?seconds for each target}
shift
export RUSTC_BOOTSTRAP=1
# The crates are those of dateline itself.
cp Cargo.lock fuzz/Cargo.lock
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
for target in "${targets[@]}"; do
    mkdir -p "fuzz/corpus/$target"
    cp -n tests/forms/* tests/golden/* samples/article* "fuzz/corpus/$target/" 2>/dev/null || true
    # Without a sanitizer: the checks are our own, and librdkafka's configure cannot link what AddressSanitizer has touched.
    cargo fuzz run -s none "$target" -- -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=4096
done
