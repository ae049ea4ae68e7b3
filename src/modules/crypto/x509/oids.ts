/** Names of object identifiers: short, long, and other spellings that arguments may use. */

/** Attributes of names: identifier, short name, long name. RFC 4519 and RFC 5280. */
const ATTRIBUTES: readonly (readonly [oid: string, short: string, long: string])[] = [
  ["2.5.4.3", "CN", "commonName"],
  ["2.5.4.4", "SN", "surname"],
  ["2.5.4.5", "serialNumber", "serialNumber"],
  ["2.5.4.6", "C", "countryName"],
  ["2.5.4.7", "L", "localityName"],
  ["2.5.4.8", "ST", "stateOrProvinceName"],
  ["2.5.4.9", "street", "streetAddress"],
  ["2.5.4.10", "O", "organizationName"],
  ["2.5.4.11", "OU", "organizationalUnitName"],
  ["2.5.4.12", "title", "title"],
  ["2.5.4.13", "description", "description"],
  ["2.5.4.15", "businessCategory", "businessCategory"],
  ["2.5.4.16", "postalAddress", "postalAddress"],
  ["2.5.4.17", "postalCode", "postalCode"],
  ["2.5.4.20", "telephoneNumber", "telephoneNumber"],
  ["2.5.4.41", "name", "name"],
  ["2.5.4.42", "GN", "givenName"],
  ["2.5.4.43", "initials", "initials"],
  ["2.5.4.44", "generationQualifier", "generationQualifier"],
  ["2.5.4.45", "x500UniqueIdentifier", "x500UniqueIdentifier"],
  ["2.5.4.46", "dnQualifier", "dnQualifier"],
  ["2.5.4.65", "pseudonym", "pseudonym"],
  ["2.5.4.97", "organizationIdentifier", "organizationIdentifier"],
  ["0.9.2342.19200300.100.1.1", "UID", "userId"],
  ["0.9.2342.19200300.100.1.25", "DC", "domainComponent"],
  ["1.2.840.113549.1.9.1", "emailAddress", "emailAddress"],
  ["1.2.840.113549.1.9.2", "unstructuredName", "unstructuredName"],
  ["1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", "jurisdictionLocalityName"],
  ["1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST", "jurisdictionStateOrProvinceName"],
  ["1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC", "jurisdictionCountryName"],
];

/** Purposes of extended key usage. RFC 5280, 4.2.1.12. */
const PURPOSES: readonly (readonly [oid: string, short: string, long: string])[] = [
  ["2.5.29.37.0", "anyExtendedKeyUsage", "Any Extended Key Usage"],
  ["1.3.6.1.5.5.7.3.1", "serverAuth", "TLS Web Server Authentication"],
  ["1.3.6.1.5.5.7.3.2", "clientAuth", "TLS Web Client Authentication"],
  ["1.3.6.1.5.5.7.3.3", "codeSigning", "Code Signing"],
  ["1.3.6.1.5.5.7.3.4", "emailProtection", "E-mail Protection"],
  ["1.3.6.1.5.5.7.3.5", "ipsecEndSystem", "IPSec End System"],
  ["1.3.6.1.5.5.7.3.6", "ipsecTunnel", "IPSec Tunnel"],
  ["1.3.6.1.5.5.7.3.7", "ipsecUser", "IPSec User"],
  ["1.3.6.1.5.5.7.3.8", "timeStamping", "Time Stamping"],
  ["1.3.6.1.5.5.7.3.9", "OCSPSigning", "OCSP Signing"],
  ["1.3.6.1.5.5.7.3.10", "DVCS", "dvcs"],
  ["1.3.6.1.5.5.7.3.17", "ipsecIKE", "ipsec Internet Key Exchange"],
  ["1.3.6.1.5.2.3.4", "pkInitClientAuth", "PKINIT Client Auth"],
  ["1.3.6.1.5.2.3.5", "pkInitKDC", "Signing KDC Response"],
  ["1.3.6.1.4.1.311.20.2.2", "msSmartcardLogin", "Microsoft Smartcardlogin"],
  ["1.3.6.1.5.5.7.1.2", "biometricInfo", "Biometric Info"],
];

/** Algorithms of signatures, by their long names. */
export const SIGNATURES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
  "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
  "1.2.840.113549.1.1.10": "rsassaPss",
  "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
  "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
  "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
  "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
  "1.2.840.10040.4.3": "dsaWithSHA1",
  "2.16.840.1.101.3.4.3.1": "dsa_with_SHA224",
  "2.16.840.1.101.3.4.3.2": "dsa_with_SHA256",
  "1.2.840.10045.4.1": "ecdsa-with-SHA1",
  "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
  "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
  "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
  "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
  "1.3.101.112": "ED25519",
  "1.3.101.113": "ED448",
};

export const EXTENSION = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  crlDistributionPoints: "2.5.29.31",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  authorityInformation: "1.3.6.1.5.5.7.1.1",
  tlsFeature: "1.3.6.1.5.5.7.1.24",
} as const;

/** Bits of key usage: name in arguments, name in information. */
export const KEY_USAGES: readonly (readonly [argument: string, shown: string])[] = [
  ["digitalSignature", "Digital Signature"],
  ["nonRepudiation", "Non Repudiation"],
  ["keyEncipherment", "Key Encipherment"],
  ["dataEncipherment", "Data Encipherment"],
  ["keyAgreement", "Key Agreement"],
  ["keyCertSign", "Certificate Sign"],
  ["cRLSign", "CRL Sign"],
  ["encipherOnly", "Encipher Only"],
  ["decipherOnly", "Decipher Only"],
];

const byName = new Map<string, string>();
const longNames = new Map<string, string>();
for (const [oid, short, long] of [...ATTRIBUTES, ...PURPOSES]) {
  byName.set(short, oid).set(long, oid);
  longNames.set(oid, long);
}
byName.set("E", "1.2.840.113549.1.9.1").set("email", "1.2.840.113549.1.9.1");

/** The identifier of a short or long name, or of itself; `undefined` if nobody knows the name. */
export function oidOf(name: string): string | undefined {
  return byName.get(name) ?? (/^[0-2](?:\.\d+)+$/.test(name) ? name : undefined);
}

/** The long name, or the identifier where there is none. */
export function longNameOf(oid: string): string {
  return longNames.get(oid) ?? oid;
}

const shortNames = new Map(ATTRIBUTES.map(([oid, short]) => [oid, short]));

/** The short name of an attribute of a name, or the identifier. */
export function shortNameOf(oid: string): string {
  return shortNames.get(oid) ?? oid;
}
