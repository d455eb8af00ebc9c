// A certificate authority of a test, made by OpenSSL: no machine knows it unless it is told.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A certificate with its private key, both PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  /** The file with the certificate. */
  readonly file: string
  readonly keyFile: string
}

/** The time in which a certificate is valid, as OpenSSL writes it: YYYYMMDDHHMMSSZ. */
export interface Validity {
  readonly from: string
  readonly to: string
}

const always: Validity = { from: '20200101000000Z', to: '20991231000000Z' }
/** The validity of a certificate that has expired. */
export const expired: Validity = { from: '20200101000000Z', to: '20210101000000Z' }
/** The validity of a certificate whose time has not come. */
export const notYetValid: Validity = { from: '20980101000000Z', to: '20991231000000Z' }

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** An authority with a folder of its own. */
export class CertificateAuthority {
  private constructor(
    private readonly folder: string,
    /** The file with the authority's certificate, for `NODE_EXTRA_CA_CERTS` and the like. */
    readonly file: string,
  ) {}

  /** A new authority. */
  static make(): CertificateAuthority {
    const folder = mkdtempSync(path.join(tmpdir(), 'idem-authority-'))
    const authority = new CertificateAuthority(folder, path.join(folder, 'authority.pem'))
    authority.#openssl(
      ['req', '-x509', ...newKey, '-keyout', 'authority.key', '-out', 'authority.pem'],
      ['-subj', '/CN=Authority of a test', '-days', '2'],
    )
    writeFileSync(path.join(folder, 'authority.cnf'), configuration)
    writeFileSync(path.join(folder, 'index.txt'), '')
    return authority
  }

  /** A certificate for these names, such as `DNS:idem.test` and `IP:127.0.0.1`. */
  issue(names: readonly string[], { from, to }: Validity = always): Certificate {
    const name = `issued-${process.hrtime.bigint()}`
    const subject = ['-subj', '/CN=Server of a test', '-addext', `subjectAltName=${names.join(',')}`]
    this.#openssl(['req', '-new', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`], subject)
    this.#openssl(
      ['ca', '-batch', '-config', 'authority.cnf', '-cert', 'authority.pem', '-keyfile', 'authority.key'],
      ['-in', `${name}.csr`, '-out', `${name}.pem`, '-notext', '-startdate', from, '-enddate', to],
    )
    return this.#read(name)
  }

  /** A certificate that has signed itself. */
  selfSigned(names: readonly string[]): Certificate {
    const name = `self-${process.hrtime.bigint()}`
    this.#openssl(
      ['req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2'],
      ['-subj', '/CN=Server of a test', '-addext', `subjectAltName=${names.join(',')}`],
    )
    return this.#read(name)
  }

  #read(name: string): Certificate {
    const [file, keyFile] = [path.join(this.folder, `${name}.pem`), path.join(this.folder, `${name}.key`)]
    return { cert: readFileSync(file, 'utf8'), key: readFileSync(keyFile, 'utf8'), file, keyFile }
  }

  #openssl(...words: readonly (readonly string[])[]): void {
    execFileSync('openssl', words.flat(), { cwd: this.folder, stdio: 'pipe' })
  }
}

const configuration = `[ca]
default_ca = authority
[authority]
new_certs_dir = .
database = index.txt
rand_serial = yes
unique_subject = no
default_md = sha256
policy = names
copy_extensions = copy
[names]
commonName = supplied
`
