import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/support/closing-line.js'

export default defineConfig({
  resolve: {
    // Two copies of graphql-js would refuse each other's schemas.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts'],
    setupFiles: ['reflect-metadata'],
    reporters: ['default', new ClosingLine()],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // More files than cores, because many of them mostly wait: for a lock to run out, or a process to start.
    maxWorkers: 3,
    // Files share the modules of their worker, as the source has no state of modules: loading it takes a second.
    isolate: false,
  },
})
