// The GraphQL resolver of sessions: the current one, refresh, end, and revocation of others.
import { LRUCache } from 'lru-cache'
import { Arg, Ctx, Directive, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { sessionIdOf } from '../authorization/principal.js'
import { deviceNameOf } from '../sessions/device-name.js'
import { type EndSessionNeeds, endSession } from '../sessions/end-session.js'
import type { Tokens } from '../sessions/issue-tokens.js'
import { type RefreshSessionNeeds, refreshSession } from '../sessions/refresh-session.js'
import { revokeOtherSessions } from '../sessions/revoke-other-sessions.js'
import { revokeSession } from '../sessions/revoke-session.js'
import type { Session } from '../sessions/session.js'
import { contextOf, type GraphqlContext } from './context.js'
import { parseId } from './parse-id.js'
import { RefreshSessionInput, SessionType, TokensType } from './session.types.js'

/** What the session resolver works with. */
export interface SessionResolverNeeds extends EndSessionNeeds, RefreshSessionNeeds {}

/** Queries and mutations of sessions. */
@Resolver(() => SessionType)
export class SessionResolver {
  /** Parsed user agents are cached, because parsing one takes 50 µs and most sessions have one of a few. */
  readonly #deviceNames = new LRUCache<string, string>({ max: 1_000, memoMethod: deviceNameOf })

  constructor(private readonly needs: SessionResolverNeeds) {}

  @Query(() => SessionType, {
    nullable: true,
    description: 'The session of the bearer; null when there is none.',
  })
  async session(@Ctx() { call }: GraphqlContext): Promise<Session | null> {
    const sessionId = sessionIdOf(call.principal)
    return sessionId === null ? null : await this.needs.sessions.read(call, sessionId)
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'What the client said it is; shown, never trusted.',
  })
  deviceName(@Root() session: Session): string | null {
    return session.device && this.#deviceNames.memo(session.device)
  }

  @FieldResolver(() => Boolean, { description: 'True for the session of the bearer.' })
  current(@Ctx() context: GraphqlContext, @Root() session: Session): boolean {
    return session.id === sessionIdOf(contextOf(session, context).call.principal)
  }

  @Mutation(() => TokensType, {
    description:
      'Exchanges a refresh token for the next tokens, once. An older one ends the session (REFRESH_REUSED).',
  })
  async refreshSession(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => RefreshSessionInput, { description: 'The refresh token.' })
    input: RefreshSessionInput,
  ): Promise<Tokens> {
    return await refreshSession(call, input.refreshToken, this.needs)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["session:write"]])')
  @Mutation(() => Boolean, {
    description: 'Ends my session: its tokens are refused everywhere within a second.',
  })
  async endSession(@Ctx() { call }: GraphqlContext): Promise<boolean> {
    return await endSession(call, this.needs)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["session:write"]])')
  @Mutation(() => Boolean, { description: 'Ends a session of my account.' })
  async revokeSession(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the session.' }) id: string,
  ): Promise<boolean> {
    await revokeSession(call, parseId(id), this.needs)
    return true
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["session:write"]])')
  @Mutation(() => Int, { description: 'Ends all sessions of my account but this one; returns their number.' })
  async revokeOtherSessions(@Ctx() { call }: GraphqlContext): Promise<number> {
    return await revokeOtherSessions(call, this.needs)
  }
}
