"""Studies: the points of a recipe with ``vary``, carried out on one machine or on a cluster, and kept in one folder."""
