BEGIN;

-- Running upgrade 0008 -> 0009

ALTER TABLE site ADD COLUMN community TEXT;

ALTER TABLE site ADD COLUMN site_class TEXT CONSTRAINT ck_site_site_class_known CHECK (site_class IN ('urban', 'regional', 'rural', 'several'));

ALTER TABLE site ADD COLUMN site_latitude DOUBLE PRECISION CONSTRAINT ck_site_site_latitude_at_least_41 CHECK (site_latitude >= 41) CONSTRAINT ck_site_site_latitude_at_most_84 CHECK (site_latitude <= 84);

ALTER TABLE site ADD COLUMN site_longitude DOUBLE PRECISION CONSTRAINT ck_site_site_longitude_at_least_minus_142 CHECK (site_longitude >= -142) CONSTRAINT ck_site_site_longitude_at_most_minus_52 CHECK (site_longitude <= -52);

ALTER TABLE site ADD COLUMN site_population INTEGER CONSTRAINT ck_site_site_population_at_least_0 CHECK (site_population >= 0);

ALTER TABLE site ADD COLUMN distance_km DOUBLE PRECISION CONSTRAINT ck_site_distance_km_at_least_0 CHECK (distance_km >= 0);

ALTER TABLE site ADD COLUMN distributed_campus TEXT CONSTRAINT ck_site_distributed_campus_known CHECK (distributed_campus IN ('yes', 'no'));

UPDATE alembic_version SET version_num='0009' WHERE alembic_version.version_num = '0008';

COMMIT;

