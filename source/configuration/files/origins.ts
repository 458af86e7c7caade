import {valueAt} from '../schema/check.js';
import type {Origin, Origins, WishKey, Wishes} from '../model.js';
import {formerPlaces, wishPlaces} from '../schema/wish-fields.js';
import type {YamlFile} from '../yaml/yaml-file.js';

/** Which line of the file asks for each wish, as `file:line`. `place` leads to the map that holds them. */
export function originsOf(yaml: YamlFile, wishes: Wishes, place: ReadonlyArray<PropertyKey>): Origins {
	const origins: Partial<Record<WishKey, Origin>> = {};
	for (const key of Object.keys(wishes) as WishKey[]) {
		const [now, before] = [wishPlaces[key], formerPlaces[key] ?? []].map(keys => [...place, ...keys]) as [string[], string[]];
		const isNow = (valueAt(yaml.value, now) ?? undefined) !== undefined;
		origins[key] = `${yaml.file}:${yaml.at(isNow ? now : before, '', {key: true}).line}`;
	}

	return origins;
}
