// `idem devices remove`: removes a device.

import type { Command } from 'commander'
import { fetchDevices, removeDevice } from '../../client/devices.js'
import { CliError } from '../cli-error.js'
import { serverEntry, withServerEntry } from '../config.js'
import { defineCommand } from '../define-command.js'
import { withoutDeviceKey } from '../device-keys.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'

/** `idem devices remove` */
export const devicesRemoveCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'remove',
    summary: 'Remove a device: it confirms no reset of your password any more',
    examples: [`idem devices remove "$(idem devices list | awk 'NR == 2 { print $NF }')"`],
  })
    .argument('<device>', 'its id or its label')
    .option('--sign-with <file>', 'a key of this account, for when the server asks for a recent proof')
    .action(async function (this: Command, word: string) {
      const { signWith } = this.opts<{ signWith?: string }>()
      const connection = await connect(openInvocation(machine, this))
      const { config, url, output } = connection
      const session = openSession(connection)
      const devices = (await fetchDevices(session)) ?? []
      const [device, ...others] = devices.filter(({ id, label }) => id === word || label === word)
      if (device === undefined || others.length > 0)
        throw new CliError(
          'NO_SUCH_IDENTITY',
          device === undefined ? 'This account has no such device.' : 'Several devices have this label.',
          'Name it by its id: idem devices list',
        )
      await withStepUp(connection, { session, signWith: signWith ?? null }, () =>
        removeDevice(session, device.id),
      )
      await config.update(async (before) => {
        const deviceKeys = withoutDeviceKey(serverEntry(before, url), device.publicKey)
        return withServerEntry(before, url, { deviceKeys })
      })
      output.result({ removed: device }, `Removed the device ${device.label ?? device.id}.`)
    })
