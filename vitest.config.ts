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
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: more files at once only wait for each other.
    maxWorkers: 2,
  },
})
