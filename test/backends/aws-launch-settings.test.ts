import {describe, expect, test} from 'vitest';
import {awsSetup} from '../../source/backends/settings/index.js';
import {makeSurroundings} from './support/surroundings.js';

const creds = 'creds: {type: access_key, access_key: AKIANOBODYSHOULDSEE1, secret_key: nobodyShouldSeeThisSecretKey123}';

const setup = async (keys: string) =>
	awsSetup(await makeSurroundings({'config/backends.yml': `- type: aws\n  ${creds}\n${keys.replace(/^(?=.)/gm, '  ')}`}));

describe('how instances are launched on AWS', () => {
	test("dstack's own keys and this program's", async () => {
		const {problems, launch} = await setup(`vpc_ids: {us-east-1: vpc-0a1b2c3d}
default_vpcs: false
public_ips: true
iam_instance_profile: work
subnet_id: {us-east-1: subnet-0a1b2c3d}
security_group_id: sg-0a1b2c3d
tags: {team: vision}
os_images:
  cpu: {name: ubuntu-mine-*, owner: "123456789012", user: ubuntu}
ami: {us-east-1: ami-0a1b, eu-west-1: {nvidia: ami-0c2d, arm64: ami-0e3f}}
ssh_from: [192.0.2.0/24]
checkip: http://127.0.0.1:8080/
`);
		expect(problems).toEqual([]);
		expect(launch).toMatchObject({
			vpc_ids: {'us-east-1': 'vpc-0a1b2c3d'},
			default_vpcs: false,
			security_group_id: 'sg-0a1b2c3d',
			os_images: {cpu: {owner: '123456789012'}},
			ami: {'us-east-1': 'ami-0a1b', 'eu-west-1': {nvidia: 'ami-0c2d'}},
			ssh_from: ['192.0.2.0/24'],
		});
	});

	test('nothing of it is needed', async () => {
		expect((await setup('')).problems).toEqual([]);
		expect((await awsSetup(await makeSurroundings())).launch).toEqual({});
	});

	test.each([
		['vpc_ids: {us-east-1: mine}', /vpc-…/],
		['subnet_id: [subnet-01]', /subnet-…/],
		['security_group_id: sg_1', /sg-…/],
		['public_ips: maybe', /true or false/],
		['tags: {cost: 1}', /put numbers and true or false in quotes/],
		['os_images: {cpu: {name: x, owner: 123456789012}}', /put a number in quotes/],
		['os_images: {gpu: {name: x}}', /gpu/],
		['ami: ami-01', /map from regions/],
		['ami: {us-east-1: {amd64: ami-01}}', /expected only x86_64, arm64, nvidia, nvidia_arm64 here/],
		['ssh_from: [everywhere]', /203\.0\.113\.0\/24/],
		['checkip: http://example.com/', /https:\/\/ URL/],
		['subnets: x', /subnets/],
	])('%s is complained of with its place', async (line, words) => {
		const {problems} = await setup(`${line}\n`);
		expect(problems).toHaveLength(1);
		expect(problems[0]).toMatch(words);
		expect(problems[0]).toMatch(/backends\.yml:3:\d+/);
		expect(problems[0]).not.toContain('nobodyShould');
	});
});
