-- What is reported has a setting (country, city, platform, time), from which is learned how often those of one person agree.
-- Tips and tallies from before have none until their tips are read by the present rules, which the linker does by itself.

COMMENT ON COLUMN tip.profile IS
    'Names and birth dates of the subjects, and the setting of what is reported, as they are compared.';
COMMENT ON COLUMN key.tally IS
    'What pairs of holders say, in pairs: compared, births agreed and told, names agreed and told, in company, of those '
    'births agreed and told, names agreed and told, and left out because they share a finer value; then of countries, '
    'cities and platforms agreed and told, the same of those in company, and of these by the time between the two. '
    'Zeros at the end are left out.';
