// A retired identity: one of a guest that has become a person. It can never be used again.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'

const RetiredIdentitySchema = defineEntity({
  name: 'RetiredIdentity',
  tableName: 'retired_identity',
  uniques: [{ name: 'retired_identity_method_issuer_subject', properties: ['method', 'issuer', 'subject'] }],
  properties: {
    /** The id of the identity, which is also in the audit log. */
    id: p.uuid().primary(),
    /** The account to which it belonged. Deleted together with the account. */
    account: () => p.manyToOne(Account).mapToPk().deleteRule('cascade').index('retired_identity_account'),
    method: p.text(),
    issuer: p.text(),
    subject: p.text(),
    retiredAt: p.datetime(),
  },
})

/** An identity of a guest that has become a person. One per guest, so there are no more of them than accounts. */
export class RetiredIdentity extends RetiredIdentitySchema.class {}
RetiredIdentitySchema.setClass(RetiredIdentity)
