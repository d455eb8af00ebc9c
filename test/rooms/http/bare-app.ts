// An application with nothing but its health routes, and without a database.
import type { FastifyInstance } from 'fastify'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { createApp } from '../../../src/http/app.js'
import { createMetrics } from '../../../src/runtime/metrics.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { settingsSections } from '../../../src/settings.js'
import { silentLogger } from '../../support/start-service.js'

/** Makes one. */
export const newBareApp = (): FastifyInstance =>
  createApp({
    settings: readEnvironment(settingsSections, {}).http,
    publicUrl: 'http://localhost',
    instanceId: 'here',
    random: systemRandom,
    logger: silentLogger,
    metrics: createMetrics(),
    isDraining: () => false,
    databaseAnswers: async () => true,
    queueAnswers: null,
  })
