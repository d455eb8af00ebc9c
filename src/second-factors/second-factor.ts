// A second factor of an account that is no identity: TOTP, recovery codes.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'
import type { JsonObject } from '../database/json.js'

/** The kinds, which are the names of their methods; never renamed, because they are stored. */
export type SecondFactorKind = 'totp' | 'recoveryCode'

const SecondFactorSchema = defineEntity({
  name: 'SecondFactor',
  tableName: 'second_factor',
  uniques: [{ name: 'second_factor_account_kind', properties: ['account', 'kind'] }],
  indexes: [
    {
      name: 'second_factor_unconfirmed',
      properties: ['createdAt'],
      where: { confirmedAt: null },
    },
  ],
  properties: {
    id: p.uuid().primary(),
    /** The account that it confirms. Deleted together with the account. */
    account: () => p.manyToOne(Account).mapToPk().deleteRule('cascade'),
    kind: p.text().$type<SecondFactorKind>(),
    /** What the method checks proofs against, which only the method parses. */
    credential: p.json().$type<JsonObject>(),
    createdAt: p.datetime(),
    /** When its owner has shown to possess it; null while it is being enrolled, when it counts for nothing. */
    confirmedAt: p.datetime().strictNullable(),
    lastUsedAt: p.datetime().strictNullable(),
    /** The state of the pace of tries (`throttle/pace.ts`); null after a valid one. */
    triesPacedUntil: p.datetime().strictNullable(),
  },
})

/** A second factor of an account that is no identity. */
export class SecondFactor extends SecondFactorSchema.class {}
SecondFactorSchema.setClass(SecondFactor)

/** The time in which the enrolment of a second factor must be confirmed, in seconds. */
export const enrolmentLifetimeSeconds = 600
