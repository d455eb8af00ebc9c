// A page with a form: read and answered as a page, refusals too, because people read it.
import formbody from '@fastify/formbody'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Failure } from '../failure.js'
import { logRefusal } from '../graphql/failures.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { encodingRefusal, refusalOf } from './framework-refusals.js'
import { httpAnswerOf } from './refusal.js'

/** What every page with a form needs. */
export interface FormPageNeeds {
  readonly requestScope: RequestScope
  readonly logger: Logger
  readonly metrics: Metrics
}

/** A page with a form, whose answers are of type `A`. */
export interface FormPage<A> {
  readonly path: string
  /** The largest form, in bytes. */
  readonly mostBytes: number
  /** GET and HEAD, which change nothing. */
  readonly show: (request: FastifyRequest) => Promise<A>
  /** The form, whose fields are the body. */
  readonly submit: (request: FastifyRequest) => Promise<A>
  /** What the page says of a failure. */
  readonly refuse: (request: FastifyRequest, failure: Failure) => A
  readonly send: (request: FastifyRequest, reply: FastifyReply, answer: A) => FastifyReply
}

const formType = 'application/x-www-form-urlencoded'

/** Adds the page. */
export const addFormPage = <A>(
  app: FastifyInstance,
  page: FormPage<A>,
  { requestScope, logger, metrics }: FormPageNeeds,
): void => {
  const submit = async (request: FastifyRequest): Promise<A> => {
    const encoded = encodingRefusal(request.headers['content-encoding'])
    if (encoded !== null) throw encoded
    return await page.submit(request)
  }
  const answering = (answer: typeof submit) => async (request: FastifyRequest, reply: FastifyReply) =>
    page.send(request, reply, await requestScope.run(request.id, async () => await answer(request)))
  // A scope of its own, so that forms are parsed only on this route, and this route parses only forms.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    await scope.register(formbody, { bodyLimit: page.mostBytes })
    scope.setErrorHandler<FastifyError>((error, request, reply) => {
      const failure = refusalOf(error, formType)
      metrics.refusals.inc({ code: failure.code })
      logRefusal(logger.child({ requestId: request.id }), failure)
      reply.headers(httpAnswerOf(failure).headers)
      return page.send(request, reply, page.refuse(request, failure))
    })
    scope.get(page.path, answering(page.show))
    scope.post(page.path, answering(submit))
  })
}
