// What a query may cost: depth, aliases and cost are checked once a document, before anything runs.
import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit'
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import { GraphQLError, type ValidationContext, type ValidationRule } from 'graphql'
import type { ValuesOf } from '../config/setting.js'
import type { graphqlSettings } from './settings.js'

/** Reports instead of throwing, so that the error takes the same way as any other of the validation. */
const reportTooCostly = (context: ValidationContext | null, error: GraphQLError): void => {
  const message = error.message.replace(/^Syntax Error: /, '')
  context?.reportError(new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COSTLY' } }))
}

const reporting = { propagateOnRejection: false, onReject: [reportTooCostly] }

/** The validation rules that refuse too large a query with `QUERY_TOO_COSTLY`. */
export const limitRules = (settings: ValuesOf<typeof graphqlSettings>): ValidationRule[] => [
  maxDepthRule({ n: settings.maxDepth, ...reporting }),
  maxAliasesRule({ n: settings.maxAliases, ...reporting }),
  costLimitRule({ maxCost: settings.maxCost, ...reporting }),
]
