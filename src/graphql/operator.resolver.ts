// The GraphQL resolver for operators: all accounts, and the background jobs.
import { Arg, Args, Ctx, Directive, ID, Int, Mutation, Query, Resolver } from 'type-graphql'
import { stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import { operatorScope } from '../authorization/scope.js'
import type { AccountRecord } from '../operators/account-record.js'
import { endAccountSessions } from '../operators/end-account-sessions.js'
import { type FindAccountsNeeds, findAccounts } from '../operators/find-accounts.js'
import { readAccount } from '../operators/read-account.js'
import { reinstateAccount } from '../operators/reinstate-account.js'
import { type RetryJobsNeeds, retryFailedJob } from '../operators/retry-failed-job.js'
import { retryFailedJobs } from '../operators/retry-failed-jobs.js'
import { type SuspendAccountNeeds, suspendAccount } from '../operators/suspend-account.js'
import type { OutboxCounts } from '../outbox/outbox.js'
import { emailAddressesOf } from './account.types.js'
import type { GraphqlContext } from './context.js'
import {
  AccountConnection,
  AccountRecordType,
  AccountsArguments,
  FailedJobConnection,
  JobCounts,
} from './operator.types.js'
import { connectionOf, PageArguments, parsePage } from './page.js'
import { parseId } from './parse-id.js'

/** What the operator resolver works with. */
export interface OperatorResolverNeeds extends FindAccountsNeeds, SuspendAccountNeeds, RetryJobsNeeds {}

const forOperators = `@requiresScopes(scopes: [["${operatorScope}"]])`
const recently = `@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`

const shown = ({ account, addresses, failedProofs }: AccountRecord): AccountRecordType => ({
  ...account,
  failedProofs,
  emails: emailAddressesOf(account, addresses),
})

/** Queries and mutations of operators. */
@Resolver()
export class OperatorResolver {
  constructor(private readonly needs: OperatorResolverNeeds) {}

  @Directive('@authenticated')
  @Directive(forOperators)
  @Query(() => AccountConnection, { description: 'The accounts of the installation, the newest first.' })
  async accounts(
    @Ctx() { call }: GraphqlContext,
    @Args(() => AccountsArguments) asked: AccountsArguments,
  ): Promise<AccountConnection> {
    const page = { ...parsePage(asked), search: asked.search ?? null }
    const { records, hasNextPage } = await findAccounts(call, page, this.needs)
    return connectionOf({ nodes: records.map(shown), hasNextPage })
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Query(() => AccountRecordType, { description: 'The account with this id; NOT_FOUND when there is none.' })
  async account(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the account.' }) id: string,
  ): Promise<AccountRecordType> {
    return shown(await readAccount(call, parseId(id), this.needs))
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Directive(recently)
  @Mutation(() => AccountRecordType, {
    description:
      'Ends all sessions of an account and lets nobody sign in to it. Never that of an operator; CONFLICT when it is suspended already.',
  })
  async suspendAccount(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the account.' }) id: string,
    @Arg('reason', () => String, {
      description: 'Why, for the audit log alone: at most 100 characters.',
    })
    reason: string,
  ): Promise<AccountRecordType> {
    return shown(await suspendAccount(call, { id: parseId(id), reason }, this.needs))
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Directive(recently)
  @Mutation(() => AccountRecordType, {
    description: 'Lets the owner of a suspended account sign in again; CONFLICT when it is not suspended.',
  })
  async reinstateAccount(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the account.' }) id: string,
  ): Promise<AccountRecordType> {
    return shown(await reinstateAccount(call, parseId(id), this.needs))
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Directive(recently)
  @Mutation(() => Int, {
    description: 'Ends all sessions of an account, whose owner may sign in again; returns their number.',
  })
  async endAccountSessions(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the account.' }) id: string,
  ): Promise<number> {
    return await endAccountSessions(call, parseId(id), this.needs)
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Query(() => JobCounts, { description: 'How many background jobs stand where.' })
  async jobs(@Ctx() { call }: GraphqlContext): Promise<OutboxCounts> {
    return await this.needs.outbox.count(call)
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Query(() => FailedJobConnection, { description: 'The jobs that were given up, the oldest first.' })
  async failedJobs(
    @Ctx() { call }: GraphqlContext,
    @Args(() => PageArguments) asked: PageArguments,
  ): Promise<FailedJobConnection> {
    const { jobs, hasNextPage } = await this.needs.outbox.listFailed(call, parsePage(asked))
    return connectionOf({ nodes: jobs, hasNextPage })
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Mutation(() => Boolean, {
    description: 'Puts a failed job back to be done; NOT_FOUND when it has not failed.',
  })
  async retryFailedJob(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the job.' }) id: string,
  ): Promise<boolean> {
    await retryFailedJob(call, parseId(id), this.needs)
    return true
  }

  @Directive('@authenticated')
  @Directive(forOperators)
  @Mutation(() => Int, { description: 'Puts every failed job back to be done; returns their number.' })
  async retryFailedJobs(@Ctx() { call }: GraphqlContext): Promise<number> {
    return await retryFailedJobs(call, this.needs)
  }
}
