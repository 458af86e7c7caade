import {createHash} from 'node:crypto';
import type {DeleteKeyPairRequest, DescribeKeyPairsRequest, ImportKeyPairRequest} from '@aws-sdk/client-ec2';
import type {Place} from './actions.js';
import {Ec2Error} from './errors.js';
import type {KeyPair} from './records.js';
import {type Aspects, filtered, tagsFor, tagsOf} from './select.js';
import type {Value} from './wire.js';

const keyAspects: Aspects<KeyPair> = {'key-pair-id': ({id}) => [id], 'key-name': ({name}) => [name]};

function keyPairs({KeyNames: names, KeyPairIds: ids, Filters}: DescribeKeyPairsRequest, {region}: Place): Value {
	const all = [...region.keyPairs.values()];
	const absent = (names ?? []).find(name => !all.some(pair => pair.name === name));
	if (absent !== undefined) {
		throw new Ec2Error('InvalidKeyPair.NotFound', `The key pair '${absent}' does not exist`);
	}

	const chosen = all.filter(pair => (names?.includes(pair.name) ?? true) && (ids?.includes(pair.id) ?? true));
	return {
		KeyPairs: filtered(chosen, Filters, keyAspects).map(pair => ({
			KeyPairId: pair.id,
			KeyFingerprint: pair.fingerprint,
			KeyName: pair.name,
			KeyType: pair.type,
			Tags: tagsOf(pair),
			CreateTime: new Date(pair.createdAt),
		})),
	};
}

function importKey(input: ImportKeyPairRequest, {world, region}: Place): Value {
	const {KeyName: name = '', PublicKeyMaterial: material = new Uint8Array()} = input;
	const text = Buffer.from(material).toString('utf8');
	const type = /^ssh-(ed25519|rsa) /.exec(text)?.[1];
	if (type === undefined) {
		throw new Ec2Error('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
	}

	if ([...region.keyPairs.values()].some(pair => pair.name === name)) {
		throw new Ec2Error('InvalidKeyPair.Duplicate', `The keypair already exists: ${name}`);
	}

	const id = world.newId('key');
	const fingerprint = createHash('sha256')
		.update(Buffer.from(text.split(' ')[1] ?? '', 'base64'))
		.digest('base64');
	const pair = {id, tags: tagsFor('key-pair', input.TagSpecifications), name, type, fingerprint, createdAt: world.now()};
	region.keyPairs.set(id, pair);
	return {KeyFingerprint: fingerprint, KeyName: name, KeyPairId: id, Tags: tagsOf(pair)};
}

export const keyActions = {
	DescribeKeyPairs: keyPairs,
	ImportKeyPair: importKey,
	DeleteKeyPair({KeyName: name, KeyPairId: id}: DeleteKeyPairRequest, {region}: Place): Value {
		// One that is not there is no error.
		const found = [...region.keyPairs.values()].find(pair => pair.id === id || pair.name === name);
		region.keyPairs.delete(found?.id ?? '');
		return {Return: true, KeyPairId: found?.id};
	},
};
