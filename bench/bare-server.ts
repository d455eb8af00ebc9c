// The process that the baseline is compared with: Apollo Server on Fastify with one field, and nothing else.
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import fastify from 'fastify'

const server = new ApolloServer({
  typeDefs: 'type Query { ping: Boolean }',
  nodeEnv: 'production',
  stopOnTerminationSignals: false,
  plugins: [ApolloServerPluginLandingPageDisabled()],
})
await server.start()
const app = fastify({ logger: false })
app.post('/graphql', fastifyApolloHandler(server))
process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }))
process.once('disconnect', () => process.exit())
