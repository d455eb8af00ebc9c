// A retired identity: one that led to a guest who has become a person. It leads nowhere, for ever.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'

const RetiredIdentitySchema = defineEntity({
  name: 'RetiredIdentity',
  tableName: 'retired_identity',
  uniques: [{ name: 'retired_identity_method_issuer_subject', properties: ['method', 'issuer', 'subject'] }],
  properties: {
    /** The id of the identity, as the audit log names it. */
    id: p.uuid().primary(),
    /** The account that it led to. It is forgotten with the account. */
    account: () => p.manyToOne(Account).mapToPk().deleteRule('cascade').index('retired_identity_account'),
    method: p.text(),
    issuer: p.text(),
    subject: p.text(),
    retiredAt: p.datetime(),
  },
})

/** An identity that led to a guest who has become a person. One a guest, so there are no more of them than accounts. */
export class RetiredIdentity extends RetiredIdentitySchema.class {}
RetiredIdentitySchema.setClass(RetiredIdentity)
