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
# Without a sanitizer: the checks are our own, and librdkafka's configure cannot link what AddressSanitizer has touched.
for target in "${targets[@]}"; do
    mkdir -p "fuzz/corpus/$target"
    cp -n tests/forms/* tests/golden/* tests/hostile/* samples/article* "fuzz/corpus/$target/" 2>/dev/null || true
    cp -n "fuzz/seeds/$target"/* "fuzz/corpus/$target/" 2>/dev/null || true
    cargo fuzz run -s none "$target" -- -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=4096 \
        -print_final_stats=1
done
