// Sequences that once left something else than the model says, by what must hold.
import type { Act, DrawnAccount, Sequence } from './sequences.js'

const person: DrawnAccount = {
  isGuest: false,
  age: 0,
  identities: ['key', 'email'],
  hasPassword: false,
  totp: 'none',
  hasCodes: false,
  devices: [],
  handles: 0,
  displayName: null,
  locale: null,
  sessions: 0,
}
const guest: DrawnAccount = { ...person, isGuest: true, handles: 1 }

type Wish = 'own' | 'other' | null

/** The accounts are counted among those that are open by then. */
const merge = (own: number, other: number, survivor: Wish = 'other', handle: Wish = null): Act => ({
  act: 'merge',
  own,
  other,
  survivor,
  choices: [handle],
  bySession: false,
})

const undo = (merge: number, session = 0): Act => ({ act: 'undo', merge, session })

/** By what must hold. */
export const foundSequences: Readonly<Record<string, Sequence>> = {
  'a handle that another undo gave back does not return to the survivor': {
    accounts: [guest, guest, person],
    acts: [merge(2, 0), merge(1, 0, null, 'other'), undo(0), undo(0)],
  },
  'an identity that was restored out of a chain, and unlinked there, does not return by the next undo': {
    accounts: [person, person, person],
    acts: [
      merge(0, 0),
      merge(0, 0),
      undo(0),
      { act: 'signIn', account: 0, identity: 0 },
      { act: 'unlink', account: 0, identity: 0 },
      undo(0, 2),
    ],
  },
  'an identity that is made again in the middle of a chain goes back with its account': {
    accounts: [person, person, person],
    acts: [
      merge(0, 0),
      { act: 'signIn', account: 1, identity: 2 },
      { act: 'unlink', account: 0, identity: 2 },
      merge(0, 0),
      undo(0),
      undo(0, 2),
    ],
  },
  'a device that is made again in the middle of a chain goes back with its account': {
    accounts: [{ ...person, devices: [2] }, person, { ...person, devices: [2] }],
    acts: [merge(2, 0, 'own'), merge(0, 0, null), undo(0), undo(0)],
  },
  'a password that gave way to one that went back by another undo is made again': {
    accounts: [
      { ...person, age: 1 },
      { ...person, hasPassword: true },
      { ...person, hasPassword: true },
    ],
    acts: [
      merge(0, 0, 'own'),
      {
        act: 'merge',
        own: 0,
        other: 0,
        survivor: null,
        choices: [null, null, null, null, 'own', null],
        bySession: false,
      },
      undo(0),
      undo(0),
    ],
  },
  'an identity that was restored, and unlinked there, does not return by the undo of a later merge into the same survivor':
    {
      accounts: [person, person, person],
      acts: [
        merge(0, 1, 'other'),
        merge(0, 0, 'other'),
        undo(0),
        { act: 'signIn', account: 0, identity: 0 },
        { act: 'unlink', account: 0, identity: 0 },
        undo(0, 2),
      ],
    },
}
